"""What the pages offer for well-being: opting in, limits with their reason, choices, own data."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from crowd.leasing import release_lease
from crowd.models import (
    AnnotatorRecord,
    Pattern,
    Project,
    ProjectState,
    Sitting,
    Standing,
    Suspicion,
    SuspicionState,
    WatchAction,
    WorkDay,
)
from folkmoot.kernel import clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def client(shop, client_of):
    shop.tasks("a", "b")
    return client_of(shop.ann)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def rule(shop, **rules: object) -> None:
    with shop.services.unit_of_work() as uow:
        stored = uow.session.get(Project, shop.project.id)
        for name, value in rules.items():
            setattr(stored, name, value)
        uow.session.add(stored)


def remember(shop, *rows: object) -> None:
    with shop.services.unit_of_work() as uow:
        uow.session.add_all(rows)


def record(shop, **known: object) -> AnnotatorRecord:
    return AnnotatorRecord(project_id=shop.project.id, annotator_id=shop.ann.id, **known)


def test_sensitive_work_is_flagged_on_its_card_and_opted_in_to_right_there(shop, client, desk):
    rule(shop, content_flags=["violence", "self_harm"])
    page = client.get("/label").text
    assert ">violence<" in page
    assert ">self-harm<" in page
    assert "Opt in to violence and self-harm" in page
    assert 'href="/label/follow-up"' not in page

    assert desk.send("/label/follow-up/opt-in").location == "/label"
    page = client.get("/label").text
    assert "Opt in to" not in page
    assert 'href="/label/follow-up"' in page


def test_choices_are_made_and_taken_back_on_the_own_page(shop, client, desk):
    rule(shop, content_flags=["hate"])
    sent = desk.send("/me/preferences", data={"flags": ["hate", "medical"]})
    assert (sent.status_code, sent.location) == (303, "/me#choices")
    assert client.get("/me").text.count(" checked>") == 2
    lease = desk.next()["lease"]
    assert lease is not None

    desk.send("/me/preferences", data={})
    assert " checked>" not in client.get("/me").text
    refused = desk.next()
    assert (refused["lease"], refused["code"]) == (None, "not-now")
    assert desk.send("/me/preferences", data={"flags": ["cats"]}).status_code == 422


def test_a_card_says_which_limit_is_reached_and_when_it_ends(shop, client):
    rule(shop, session_cap_minutes=60)
    remember(
        shop,
        Sitting(
            annotator_id=shop.ann.id, started_at=NOON, last_beat_at=NOON, active_seconds=3600.0
        ),
    )
    page = client.get("/label").text
    assert "from 13:00 UTC you can go on" in page
    assert 'href="/label/follow-up"' not in page

    rule(shop, content_flags=["hate"], sensitive_per_day=3)
    day = {"day": NOON.date(), "currency": "EUR", "n_sensitive": 3}
    remember(shop, WorkDay(annotator_id=shop.ann.id, project_id=shop.project.id, **day))
    page = client.get("/label").text
    assert "It goes on tomorrow from 00:00 UTC." in page
    assert "Sensitive tasks today: 3." in client.get("/me").text


def test_a_paused_annotator_reads_why_and_a_warned_one_goes_on(shop, client):
    remember(shop, record(shop, standing=Standing.WARNED, standing_reason="Answers came fast."))
    page = client.get("/label").text
    assert "Answers came fast." in page
    assert 'href="/label/follow-up"' in page

    with shop.services.unit_of_work() as uow:
        known = uow.session.get(AnnotatorRecord, (shop.project.id, shop.ann.id))
        known.standing = Standing.PAUSED
        uow.session.add(known)
    page = client.get("/label").text
    assert "Your work in this project is paused. Answers came fast." in page
    assert 'href="/label/follow-up"' not in page


def test_a_project_that_paid_too_little_says_so_to_those_who_worked_in_it(shop, client, client_of):
    rule(shop, state=ProjectState.PAUSED, pay_alarm_at=NOON)
    assert "No work just now" in client_of(shop.person("Bob")).get("/label").text
    remember(shop, record(shop, n_labels=1))
    page = client.get("/label").text
    assert "it paid less than it promised. What you earned stays yours" in page


def test_training_is_announced_before_the_first_real_task(shop, client):
    rule(shop, training_questions=5)
    page = client.get("/label").text
    assert "Training comes first: 5 tasks with known answers" in page
    assert "Start training" in page


def test_what_was_noticed_is_told_and_can_be_explained(shop, client, desk):
    suspicion = Suspicion(
        project_id=shop.project.id,
        annotator_id=shop.ann.id,
        pattern=Pattern.TOO_FAST,
        action=WatchAction.WARN,
        evidence={"run": 10, "seconds": 1},
        state=SuspicionState.OPEN,
        found_at=NOON,
    )
    remember(shop, record(shop, n_labels=20), suspicion)
    assert "Each of your last 10 answers took less than a second." in client.get("/me").text
    words = {"suspicion_id": suspicion.id, "objection": "I know these records by heart."}
    assert desk.send("/me/objections", data=words).location == "/me#noticed"
    assert "You wrote: “I know these records by heart.”" in client.get("/me").text


def test_the_own_file_holds_everything_about_oneself_and_nothing_of_others(shop, client):
    shop.answer(shop.person("Bob"))
    shop.answer(shop.ann)
    remember(shop, Sitting(annotator_id=shop.ann.id, started_at=NOON, last_beat_at=NOON))
    answer = client.get("/me/data.json")
    told = answer.get_json()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert told["account"]["email"] == "ann@example.org"
    [label], [lease], [earning] = told["labels"], told["leases"], told["earnings"]
    assert (label["answer"], label["task"], label["project"]) == ("yes", "b", "follow-up")
    assert (lease["state"], lease["reason"]) == ("labelled", "order")
    assert (earning["amount_minor"], earning["kind"]) == (5, "label")
    assert told["projects"][0]["n_labels"] == 1
    assert told["sitting"]["started_at"].startswith("2026-03-04T12:00:00")
    assert (told["appeals"], told["noticed"], told["preferences"]) == ([], [], None)
    assert "Bob" not in answer.text


def test_the_own_file_does_not_tell_why_a_task_in_hand_was_given(shop, client, desk):
    desk.next()
    [lease] = client.get("/me/data.json").get_json()["leases"]
    assert lease["state"] == "held"
    told_of_gold = {"reason", "place_number", "suggestion_shown"}
    assert told_of_gold.isdisjoint(lease)

    with shop.services.unit_of_work() as uow:  # what was given back may be given again
        release_lease(uow, annotator_id=shop.ann.id, lease_id=UUID(lease["id"]))
    [lease] = client.get("/me/data.json").get_json()["leases"]
    assert lease["state"] == "released"
    assert told_of_gold.isdisjoint(lease)


def test_the_own_page_tells_how_long_one_has_worked_since_a_break(shop, client):
    assert "You have not worked here yet." in client.get("/me").text
    remember(
        shop,
        Sitting(
            annotator_id=shop.ann.id,
            started_at=NOON,
            last_beat_at=NOON,
            seconds_since_break=1500.0,
            active_seconds=4000.0,
        ),
    )
    assert "25 min</span> since your last break, and 1 h 7 min" in client.get("/me").text
    with clock.moved_to(NOON + timedelta(minutes=5)):
        assert "You are resting." in client.get("/me").text
