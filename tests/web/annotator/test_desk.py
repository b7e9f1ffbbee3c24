"""The calls that the labelling page makes, as its script makes them."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from crowd.importing import TaskRow
from crowd.models import Earning, Label, Lease, LeaseState, ProjectState, SkipReason
from crowd.projects import ProjectDraft, change_state, create_project
from folkmoot.identity.permissions import Role
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.settings import Settings
from folkmoot.web.annotator import desk as words

KEY = "0" * 32
TRAINING = [
    TaskRow(
        external_id="drill",
        payload={"name": "drill"},
        gold="yes",
        is_training=True,
        explanation="She asked for it.",
    )
]


def later(minutes):
    return clock.moved_to(clock.now() + timedelta(minutes=minutes))


def test_a_task_shows_its_payload_and_nothing_of_why_it_was_given(shop, desk, only_gold):
    shop.tasks("a")
    gold = shop.open_project("gold", gold_share=0.5)
    shop.tasks("b", gold="yes", project=gold)
    shop.tasks("ordinary", project=gold)

    plain = desk.next()["lease"]
    desk.address = "/label/gold"
    checked = desk.next()["lease"]
    assert {**plain, "id": 0, "payload": 0} == {**checked, "id": 0, "payload": 0}
    assert "reason" not in plain
    assert checked["payload"] == {"name": "b", "age": 61, "bmi": 32.1}


def test_the_page_is_given_what_it_does_not_hold(shop, desk):
    shop.tasks("a", "b")
    first = desk.next()["lease"]
    second = desk.next(first["id"])["lease"]
    assert first["payload"]["name"] == "a"
    assert second["payload"]["name"] == "b"


def test_a_page_that_was_loaded_again_is_given_its_task_back(shop, desk):
    shop.tasks("a", "b")
    first = desk.next()["lease"]
    assert desk.next()["lease"] == first


def test_at_the_end_the_page_is_told_so(shop, desk):
    shop.tasks("a")
    desk.answer()
    assert desk.next() == {
        "lease": None,
        "message": words.NOTHING_WAITS,
        "code": "",
        "retry_at": None,
    }


def test_an_answer_is_kept_and_the_days_figures_come_back(shop, desk):
    shop.tasks("a", "b", "c")
    shop.answer(shop.person("Bob"))
    shop.answer(shop.ann)
    receipt = desk.answer("no")

    label = next(row for row in shop.rows(Label) if str(row.id) == receipt["label"]["id"])
    assert (label.answer, label.annotator_id) == ("no", shop.ann.id)
    assert 0 < label.active_seconds < 4  # no longer than since the task was handed out
    assert receipt["today"] == {"earned_text": "€0.10"}
    assert receipt["label"]["message"] is None


def test_an_answer_sent_twice_counts_once(shop, desk):
    shop.tasks("a")
    answer = {"lease_id": desk.next()["lease"]["id"], "answer": "yes", "active_seconds": 4}
    assert desk.post("answers", **answer) == desk.post("answers", **answer)
    assert (len(shop.rows(Label)), len(shop.rows(Earning))) == (1, 1)


def test_one_request_takes_the_answer_and_brings_the_next_task(shop, desk):
    shop.tasks("a", "b")
    first = desk.next()["lease"]["id"]
    receipt = desk.post("answers", lease_id=first, answer="yes", active_seconds=4, hold=[])
    assert receipt["next"]["lease"]["payload"]["name"] == "b"
    assert len(shop.rows(Label)) == 1


def test_an_answer_is_kept_where_no_other_task_may_be_had(shop, desk):
    shop.tasks("a", "b")
    first = desk.next()["lease"]["id"]
    with shop.services.unit_of_work() as uow:
        change_state(uow, PLATFORM, project_id=shop.project.id, state=ProjectState.PAUSED)
    answer = {"lease_id": first, "answer": "yes", "active_seconds": 4, "note": "Hard to say."}
    receipt = desk.post("answers", **answer, hold=[])
    assert receipt["next"]["lease"] is None
    assert "paused" in receipt["next"]["message"]
    assert [(row.answer, row.note) for row in shop.rows(Label)] == [("yes", "Hard to say.")]


def test_what_was_fetched_ahead_is_for_others_while_one_rests(shop, desk):
    shop.tasks("a", "b")
    first = desk.next()["lease"]["id"]
    second = desk.next(first)["lease"]["id"]
    assert desk.post("release", lease_ids=[second]) == {}
    assert shop.answer(shop.person("Bob"))


def test_a_training_task_says_that_it_is_one_and_what_was_right(shop, desk):
    project = shop.open_project("drill", rows=TRAINING, training_questions=1)
    desk.address = f"/label/{project.slug}"
    lease = desk.next()["lease"]
    assert lease["is_training"]
    receipt = desk.post("answers", lease_id=lease["id"], answer="no", active_seconds=4)
    assert receipt["label"]["message"] is None
    feedback = receipt["label"]["feedback"]
    assert not feedback["was_right"]
    assert feedback["checked_answer"] == "yes"
    assert feedback["explanation"] == "She asked for it."


def test_seconds_that_are_no_number_are_refused(shop, desk):
    shop.tasks("a")
    lease_id = desk.next()["lease"]["id"]
    desk.post("answers", 422, lease_id=lease_id, answer="yes", active_seconds=True)
    assert not shop.rows(Label)


def test_a_null_character_is_refused_with_a_sentence(shop, desk):
    shop.tasks("a")
    lease_id = desk.next()["lease"]["id"]
    for wrong in ({"note": "a\0b", "answer": "yes"}, {"answer": "yes\0"}):
        problem = desk.post("answers", 422, lease_id=lease_id, active_seconds=4, **wrong)
        assert "NUL" in problem["detail"]
    assert not shop.rows(Label)


def test_another_answer_to_the_same_lease_is_refused_with_a_sentence(shop, desk):
    shop.tasks("a")
    lease_id = desk.next()["lease"]["id"]
    desk.post("answers", lease_id=lease_id, answer="yes", active_seconds=4)
    problem = desk.post("answers", 409, lease_id=lease_id, answer="no", active_seconds=4)
    assert problem["detail"] == ("You have already answered this task; change that answer instead.")


@pytest.mark.parametrize(("answer", "said"), [("yes", words.WAS_RIGHT), ("no", words.WAS_OTHER)])
def test_that_a_task_was_a_check_is_said_once_it_is_answered(shop, desk, only_gold, answer, said):
    gold = shop.open_project("gold", gold_share=0.5)
    shop.tasks("a", gold="yes", project=gold)
    shop.tasks("ordinary", project=gold)
    desk.address = "/label/gold"
    assert desk.answer(answer)["label"]["message"] == said


def test_an_answer_that_came_late_is_kept_paid_and_explained(shop, desk):
    shop.tasks("a")
    lease_id = desk.next()["lease"]["id"]
    with later(11):
        shop.answer(shop.person("Bob"))
        receipt = desk.post("answers", lease_id=lease_id, answer="no", active_seconds=4)
    assert receipt["label"]["message"] == words.CAME_LATE
    assert receipt["today"]["earned_text"] == "€0.05"


def test_an_answer_taken_back_can_be_changed(shop, desk):
    shop.tasks("a")
    label_id = desk.answer("yes")["label"]["id"]
    assert desk.post("undo", label_id=label_id) == {"previous_answer": "yes"}
    assert [row.is_current for row in shop.rows(Label)] == [True]

    desk.post("changes", label_id=label_id, answer="no", idempotency_key=KEY)
    assert {row.answer: row.is_current for row in shop.rows(Label)} == {"yes": False, "no": True}
    assert len(shop.rows(Earning)) == 1


def test_a_change_sent_twice_is_one_change(shop, desk):
    shop.tasks("a")
    change = {"label_id": desk.answer()["label"]["id"], "answer": "no", "idempotency_key": KEY}
    assert desk.post("changes", **change) == desk.post("changes", **change)
    assert len(shop.rows(Label)) == 2


def test_the_key_of_one_change_does_not_serve_another(shop, desk):
    shop.tasks("a")
    change = {"label_id": desk.answer()["label"]["id"], "answer": "no", "idempotency_key": KEY}
    desk.post("changes", **change)
    desk.post("changes", 409, **(change | {"answer": "yes"}))


def test_after_a_quarter_of_an_hour_an_answer_stays(shop, desk):
    shop.tasks("a")
    label_id = desk.answer()["label"]["id"]
    with later(16):
        problem = desk.post("undo", 410, label_id=label_id)
        desk.post("changes", 410, label_id=label_id, answer="no", idempotency_key=KEY)
    assert problem["detail"] == "An answer can be changed for 15 minutes; it stays as it is now."
    assert [row.answer for row in shop.rows(Label)] == ["yes"]


def test_a_skipped_task_is_not_given_again(shop, desk):
    shop.tasks("a", "b")
    skipped = desk.next()["lease"]
    assert desk.post("skip", lease_id=skipped["id"], reason="not_good_for_me") == {}
    assert desk.next()["lease"]["payload"]["name"] == "b"
    lease = next(row for row in shop.rows(Lease) if str(row.id) == skipped["id"])
    assert (lease.state, lease.skip_reason) == (LeaseState.SKIPPED, SkipReason.NOT_GOOD_FOR_ME)


def test_the_heartbeat_keeps_the_tasks_on_the_page(shop, desk):
    shop.tasks("a")
    lease_id = desk.next()["lease"]["id"]
    with later(9):
        beat = desk.post("beat", lease_ids=[lease_id], is_active=True)
    assert beat == {"lease_ids": [lease_id], "seconds_since_break": 0.0, "notice": ""}
    with later(18):
        assert desk.next()["lease"]["id"] == lease_id  # still held, and not given anew


def test_nobody_answers_skips_or_changes_for_another(shop, desk, client_of):
    shop.tasks("a", "b")
    mine = desk.next()["lease"]["id"]
    my_label = desk.post("answers", lease_id=mine, answer="yes", active_seconds=4)["label"]["id"]
    held = desk.next()["lease"]["id"]
    other = type(desk)(client_of(shop.person("Bob")), shop.project.slug)

    other.post("answers", 404, lease_id=held, answer="yes", active_seconds=4)
    other.post("skip", 404, lease_id=held, reason="broken")
    other.post("undo", 404, label_id=my_label)
    other.post("changes", 404, label_id=my_label, answer="no", idempotency_key=KEY)
    other.post("release", 404, lease_ids=[held])
    assert other.post("beat", lease_ids=[held], is_active=True)["lease_ids"] == []
    assert [row.answer for row in shop.rows(Label)] == ["yes"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer": "maybe"},
        {"answer": None},
        {"active_seconds": -1},
        {"active_seconds": 1e9},
        {"lease_id": "none"},
        {"unknown": 1},
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_is_stored(shop, desk, wrong):
    shop.tasks("a")
    body = {"lease_id": desk.next()["lease"]["id"], "answer": "yes", "active_seconds": 4}
    problem = desk.post("answers", 422, **(body | wrong))
    assert problem["fields"]
    assert shop.rows(Label) == []


def test_what_is_not_json_is_refused(shop, desk):
    assert desk.send("/label/follow-up/next", data="hold=").status_code == 415
    broken = desk.send("/label/follow-up/next", data="{", content_type="application/json")
    assert broken.status_code == 422


def test_a_call_without_the_pages_token_is_refused(shop, desk):
    shop.tasks("a")
    desk.token = ""
    desk.post("next", 403, hold=[])
    assert shop.rows(Lease) == []


def test_who_may_not_label_is_refused(shop, client_of):
    reviewer = client_of(shop.person("Rosa", Role.REVIEWER))
    for address in ("/label", "/label/follow-up", "/label/follow-up/instructions", "/me"):
        assert reviewer.get(address).status_code == 403
    assert reviewer.get("/me/earnings.csv").status_code == 403


def test_a_paused_project_says_so_and_a_draft_is_not_there(shop, desk):
    draft = ProjectDraft(
        slug="draft", title="Draft", answer_schema={"choices": ["a", "b"]}, instructions="Wait."
    )
    with shop.services.unit_of_work() as uow:
        create_project(uow, PLATFORM, draft=draft)
        change_state(uow, PLATFORM, project_id=shop.project.id, state=ProjectState.PAUSED)

    assert "paused" in desk.next()["message"]
    assert desk.client.get("/label/draft").status_code == 404
    assert desk.client.get("/label/draft/instructions").status_code == 404
    desk.address = "/label/draft"
    desk.post("next", 404, hold=[])


def test_pictures_come_from_here_and_from_where_the_operator_said(shop, desk, monkeypatch):
    def sources() -> str:
        policy = desk.client.get(desk.address).headers["Content-Security-Policy"]
        return next(part for part in policy.split("; ") if part.startswith("img-src"))

    assert sources() == "img-src 'self' data:"
    monkeypatch.setattr(shop.services.settings, "image_origins", "https://pictures.example.org")
    assert sources() == "img-src 'self' data: https://pictures.example.org"


@pytest.mark.parametrize("origin", ["*", "http://a.example", "https://*.example", "https://a/b"])
def test_a_wildcard_is_no_origin_of_pictures(origin):
    with pytest.raises(ValidationError):
        Settings(image_origins=origin)
