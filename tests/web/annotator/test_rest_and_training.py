"""What the labelling page does for whoever sits before it: blur, training, breaks and notices."""

from datetime import timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from crowd.importing import TaskRow
from crowd.models import AnnotatorPreferences, Label, Place, Sitting
from folkmoot.kernel import clock

SETTLED = 350  # milliseconds; earlier a press is taken for the second half of a double press


def rows(count: int, **fields: object) -> list[TaskRow]:
    return [
        TaskRow(external_id=str(number), payload={"text": f"task {number}"}, **fields)
        for number in range(count)
    ]


def settle(phone: Page) -> None:
    phone.wait_for_timeout(SETTLED)


def nothing_grave(phone: Page) -> None:
    found = Axe().run(phone).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in grave] == []


def store(shop, row: object) -> None:
    with shop.services.unit_of_work() as uow:
        uow.session.add(row)


def test_sensitive_content_is_blurred_until_it_is_asked_for_each_time_anew(shop, phone):
    accepted = AnnotatorPreferences(
        annotator_id=shop.ann.id, accepted_flags=["violence"], changed_at=clock.now()
    )
    store(shop, accepted)
    shop.open_project("hard", rows=rows(3), content_flags=["violence"])
    phone.goto("/label/hard")
    expect(phone.locator("#veil")).to_contain_text("This task may show violence.")
    nothing_grave(phone)
    settle(phone)
    phone.keyboard.press("1")
    assert shop.rows(Label) == []
    assert phone.locator("#material").evaluate("element => element.inert")

    phone.keyboard.press("Enter")  # the button to show it has the focus
    expect(phone.locator("#veil")).to_be_hidden()
    settle(phone)
    phone.keyboard.press("1")
    expect(phone.locator("#payload")).to_contain_text("task 1")
    expect(phone.locator("#veil")).to_be_visible()
    phone.keyboard.press("v")
    expect(phone.locator("#veil")).to_be_hidden()


def test_training_says_what_was_right_until_one_goes_on(shop, phone):
    training = rows(2, gold="yes", is_training=True, explanation="She asked for a visit.")
    real = [TaskRow(external_id="real", payload={"text": "a real task"})]
    shop.open_project(
        "drill", rows=[*training, *real], training_questions=2, training_pass_share=0.5
    )
    phone.goto("/label/drill")
    expect(phone.locator("#training")).to_be_visible()
    expect(phone.locator("#payload")).to_contain_text("task")
    first = phone.locator("#payload").inner_text()
    settle(phone)
    phone.get_by_role("button", name="No", exact=True).click()
    feedback = phone.locator("#feedback")
    expect(feedback).to_contain_text("Differs from the checked answer")
    expect(feedback).to_contain_text("Yes, soon")
    expect(feedback).to_contain_text("She asked for a visit.")
    expect(feedback).to_contain_text("Training 1 of 2")
    assert phone.locator("#payload").inner_text() == first
    nothing_grave(phone)
    feedback.get_by_role("button", name="Checked answer").click()
    expect(phone.locator(".choice.chosen")).to_contain_text("Yes, soon")

    feedback.get_by_role("button", name="Next").click()
    expect(feedback).to_be_hidden()
    settle(phone)
    phone.keyboard.press("1")
    expect(feedback).to_contain_text("Agrees with the checked answer")
    expect(feedback).to_contain_text("Training passed: 1 of 2 agreed.")
    phone.keyboard.press("Enter")
    expect(phone.locator("#payload")).to_have_text("a real task")
    expect(phone.locator("#training")).to_be_hidden()


def test_a_break_is_offered_in_time_and_stops_the_clock(shop, phone):
    shop.tasks("task 0", "task 1", "task 2")
    worked = Sitting(
        annotator_id=shop.ann.id,
        started_at=clock.now() - timedelta(minutes=51),
        last_beat_at=clock.now(),
        seconds_since_break=51 * 60,
        active_seconds=51 * 60,
    )
    store(shop, worked)
    phone.clock.install()
    phone.goto("/label/follow-up", wait_until="networkidle")
    expect(phone.locator("#payload")).to_contain_text("task 0")
    assert len(held(shop)) == 3
    with phone.expect_response("**/beat"):
        phone.clock.run_for(15_000)
    expect(phone.locator("#break-text")).to_contain_text("without a break")
    expect(phone.locator("#minutes")).to_have_text("51")

    with phone.expect_response("**/release"):
        phone.get_by_role("button", name="Take a break").last.click()
    expect(phone.locator("#pause")).to_be_visible()
    assert len(held(shop)) == 1  # the task on the screen waits, the others are free
    with phone.expect_request("**/beat") as beat:
        phone.clock.run_for(15_000)
    assert beat.value.post_data_json["is_active"] is False
    with phone.expect_response("**/next"):
        phone.get_by_role("button", name="Go on").click()
    expect(phone.locator("#payload")).to_contain_text("task 0")


def held(shop) -> list[object]:
    return [row for row in shop.rows(Place) if row.lease_id and row.label_id is None]


def test_whoever_has_worked_long_enough_is_told_when_to_come_back(shop, phone):
    shop.open_project("long", rows=rows(2), session_cap_minutes=60)
    worked = Sitting(
        annotator_id=shop.ann.id,
        started_at=clock.now() - timedelta(hours=2),
        last_beat_at=clock.now(),
        seconds_since_break=0.0,
        active_seconds=3600.0,
    )
    store(shop, worked)
    phone.goto("/label/long")
    expect(phone.locator("#finished-title")).to_have_text("Not now")
    expect(phone.locator("#finished-when")).to_contain_text("You can go on at")
    nothing_grave(phone)


def test_a_note_goes_with_the_answer_and_a_notice_stays_until_it_is_read(shop, phone):
    shop.tasks("task 0", "task 1")
    phone.goto("/label/follow-up")
    expect(phone.locator("#payload")).to_contain_text("task 0")
    phone.keyboard.press("n")
    phone.locator("#note-text").fill("The age looks wrong.")
    phone.get_by_role("button", name="Keep the note").click()
    settle(phone)

    def with_notice(route) -> None:
        answer = route.fetch()
        receipt = answer.json()
        receipt["label"]["notice"] = "Your last answers came very fast."
        route.fulfill(response=answer, json=receipt)

    phone.route("**/answers", with_notice)
    phone.keyboard.press("1")
    expect(phone.locator("#notice")).to_contain_text("came very fast")
    expect(phone.locator("#payload")).to_contain_text("task 1")
    phone.get_by_role("button", name="Understood").click()
    expect(phone.locator("#notice")).to_be_hidden()
    assert [row.note for row in shop.rows(Label)] == ["The age looks wrong."]
