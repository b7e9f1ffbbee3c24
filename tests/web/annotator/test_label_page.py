"""Labelling in a real Chromium, on a phone and by keyboard, with and without a network."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from crowd.models import Fate, Label, Lease, LeaseState, Place

SETTLED = 350  # milliseconds; earlier a key is taken for the second half of a double press


def names(count):
    return [f"task {number}" for number in range(count)]


def open_desk(phone: Page, first: str = "task 0") -> None:
    phone.goto("/label/follow-up")
    expect(phone.locator("#payload")).to_contain_text(first)


def open_stocked_desk(phone: Page) -> None:
    """Open the desk and wait until it holds as many tasks as one may."""
    phone.goto("/label/follow-up", wait_until="networkidle")
    expect(phone.locator("#payload")).to_contain_text("task 0")


def press(phone: Page, key: str) -> None:
    phone.wait_for_timeout(SETTLED)
    phone.keyboard.press(key)


def shown(phone: Page) -> str:
    return phone.locator("#payload").inner_text()


def current_answers(shop) -> list[object]:
    return [row.answer for row in shop.rows(Label) if row.is_current]


def until_sent(phone: Page, earned: str) -> None:
    expect(phone.locator("#earned")).to_have_text(earned)


def test_five_tasks_are_answered_by_number_keys(shop, phone):
    shop.tasks(*names(6))
    open_desk(phone)
    for number in range(5):
        expect(phone.locator("#payload")).to_contain_text(f"task {number}")
        press(phone, "1" if number % 2 else "2")
    until_sent(phone, "€0.25")

    assert sorted(current_answers(shop)) == ["no", "no", "no", "yes", "yes"]
    expect(phone.locator("#payload")).to_contain_text("task 5")
    assert phone.locator("#sitting").evaluate("line => line.value") == 5
    expect(phone.locator("#count")).to_have_text("5 of 25")


def test_the_answer_just_given_is_named_for_a_moment(shop, phone):
    shop.tasks(*names(3))
    open_desk(phone)
    press(phone, "1")
    expect(phone.locator("#answered")).to_have_text("Answered: Yes, soon")
    line = phone.locator("#answered").bounding_box()
    assert line is not None
    assert line["width"] > 300  # a line of its own
    press(phone, "2")
    expect(phone.locator("#answered")).to_have_text("Answered: No")
    expect(phone.locator("#answered")).to_be_empty()


def test_the_next_task_is_there_before_the_server_has_answered(shop, phone):
    shop.tasks(*names(3))
    with phone.expect_response("**/next"), phone.expect_response("**/next"):
        open_desk(phone)
    phone.wait_for_timeout(SETTLED)
    for call in ("**/answers", "**/next"):
        phone.route(call, lambda _route: None)  # it stays on its way
    at_once = phone.evaluate(
        """() => {
            document.querySelector("#controls .choice").click();
            return document.getElementById("payload").innerText;
        }"""
    )
    assert "task 1" in at_once


def test_a_press_on_an_answer_sends_it_and_a_double_press_sends_one(shop, phone):
    shop.tasks(*names(3))
    open_desk(phone)
    phone.wait_for_timeout(SETTLED)
    phone.get_by_role("button", name="Yes, soon").dblclick()
    until_sent(phone, "€0.05")
    phone.wait_for_timeout(SETTLED)
    assert current_answers(shop) == ["yes"]
    expect(phone.locator("#payload")).to_contain_text("task 1")


def test_z_takes_the_last_answer_back_and_another_takes_its_place(shop, phone):
    shop.tasks(*names(3))
    open_desk(phone)
    press(phone, "1")
    until_sent(phone, "€0.05")
    press(phone, "z")
    expect(phone.locator("#payload")).to_contain_text("task 0")
    expect(phone.locator(".choice.chosen")).to_have_text("1Yes, soonWithin a month.")

    with phone.expect_response("**/changes"):
        press(phone, "2")
    assert current_answers(shop) == ["no"]
    until_sent(phone, "€0.05")
    expect(phone.locator("#payload")).to_contain_text("task 1")


def test_without_a_network_answers_are_kept_and_sent_when_it_is_back(shop, phone):
    shop.tasks(*names(5))
    open_stocked_desk(phone)
    phone.context.set_offline(True)
    for key in ("1", "2", "1"):
        press(phone, key)
    expect(phone.locator("#network")).to_contain_text("3 answers are kept here")
    expect(phone.get_by_text("The next task comes with the connection.")).to_be_visible()
    assert current_answers(shop) == []

    phone.context.set_offline(False)
    until_sent(phone, "€0.15")
    expect(phone.locator("#network")).to_be_hidden()
    expect(phone.locator("#payload")).to_contain_text("task 3")
    expect(phone.get_by_text("The next task comes with the connection.")).to_be_hidden()
    assert current_answers(shop) == ["yes", "no", "yes"]


def test_the_desk_holds_two_tasks_ahead_and_never_asks_for_a_fourth(shop, phone):
    shop.tasks(*names(6))
    refused: list[str] = []
    phone.on("response", lambda one: refused.append(one.url) if one.status == 409 else None)
    open_stocked_desk(phone)
    assert len(shop.rows(Lease)) == 3
    asked: list[str] = []
    phone.on("request", lambda one: asked.append(one.url.rsplit("/", 1)[-1]))
    press(phone, "1")
    until_sent(phone, "€0.05")
    assert len(shop.rows(Lease)) == 4  # the answer brought the next task with it
    assert asked == ["answers"]
    assert refused == []


def test_an_answer_survives_a_server_that_stops_and_a_page_that_is_closed(shop, phone, server):
    shop.tasks(*names(3))
    open_desk(phone)
    server.stop()
    press(phone, "2")
    expect(phone.locator("#network")).to_contain_text("Your answer is kept here")
    context = phone.context
    phone.close()
    server.start()

    again = context.new_page()
    open_desk(again, "task 1")
    until_sent(again, "€0.05")
    assert current_answers(shop) == ["no"]


def test_an_answer_survives_a_session_that_has_ended(shop, phone):
    shop.tasks(*names(3))
    open_desk(phone)
    cookies = phone.context.cookies()
    phone.context.clear_cookies()
    press(phone, "1")
    expect(phone.locator("#network")).to_contain_text("signed out; your answers are kept here")

    phone.context.add_cookies(cookies)  # as after signing in
    phone.get_by_role("link", name="Sign in again").click()
    until_sent(phone, "€0.05")
    assert current_answers(shop) == ["yes"]


def test_an_answer_that_came_too_late_says_what_became_of_it(shop, phone):
    shop.tasks("task 0")
    open_desk(phone)
    end_the_lease(shop)
    shop.answer(shop.person("Bob"))
    press(phone, "1")
    expect(phone.locator("#finished")).to_be_visible()
    expect(phone.locator("#said")).to_contain_text("kept and paid")
    assert {row.fate for row in shop.rows(Label)} == {Fate.ACCEPTED, Fate.SURPLUS}


def end_the_lease(shop) -> None:
    with shop.services.unit_of_work() as uow:
        for place in shop.rows(Place):
            place.leased_until = place.leased_until and place.leased_until.replace(year=2020)
            uow.session.merge(place)


def test_a_task_is_skipped_with_a_reason_by_keyboard_alone(shop, phone):
    shop.tasks(*names(3))
    open_desk(phone)
    press(phone, "s")
    expect(phone.locator("#skip-dialog")).to_be_visible()
    with phone.expect_response("**/skip"):
        phone.keyboard.press("Enter")  # the first reason has the focus
    expect(phone.locator("#payload")).to_contain_text("task 1")
    assert LeaseState.SKIPPED in {row.state for row in shop.rows(Lease)}


def test_at_the_end_even_the_last_answer_can_be_taken_back(shop, phone):
    shop.tasks("task 0")
    open_desk(phone)
    press(phone, "1")
    expect(phone.locator("#finished")).to_contain_text("answered everything that waits for you")
    expect(phone.get_by_role("link", name="Other work")).to_be_visible()

    phone.get_by_role("button", name="Take back the last answer").click()
    expect(phone.locator(".choice.chosen")).to_be_visible()
    with phone.expect_response("**/changes"):
        press(phone, "2")
    assert current_answers(shop) == ["no"]


def test_the_pages_have_no_barrier_and_no_line_wider_than_a_phone(shop, phone):
    shop.tasks(*names(3))
    for address in ("/label", "/label/follow-up/instructions", "/me", "/label/follow-up"):
        phone.goto(address)
        phone.wait_for_load_state("networkidle")
        found = Axe().run(phone).response["violations"]
        grave = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        assert grave == [], address
        width = phone.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, address
