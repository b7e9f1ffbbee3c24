"""Decisions and reviews over HTTP: held or released, seen, and acted on once with a reason."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import func, select

from audit.models import Entry
from folkmoot.bootstrap import Services
from folkmoot.identity.permissions import Role
from governance.models import Review

from ..conftest import Person
from ..story import decided, made, next_case, payload_of
from ..test_calling import refused
from .conftest import World

RunJobs = Callable[[], None]
REASON = {"reason_codes": ["new_evidence"], "reason_text": "A second visit says otherwise."}
OTHER = {"yes": "no", "no": "yes"}


@pytest.fixture
def batch(officer: Person, team: Person, world: World, run_jobs: RunJobs) -> dict[str, Any]:
    made(officer.post(f"/model-versions/{world.version_id}/promotion"))
    batch_id = decided(team, run_jobs, world.model_id, range(0, 60, 2))
    return made(officer.get(f"/decision-batches/{batch_id}"), 200)


@pytest.fixture
def case(reviewer: Person, batch: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    found = next_case(reviewer)
    assert found is not None
    return found


def review(reviewer: Person, case: tuple[dict[str, Any], dict[str, Any]], **act: Any) -> Any:
    decision, view = case
    body = {"case_view_id": view["case_view_id"], **act}
    return reviewer.post(f"/decisions/{decision['id']}/reviews", body)


def stored(services: Services, table: type) -> int:
    with services.reading() as uow:
        return uow.session.exec(select(func.count()).select_from(table)).one()


def test_no_case_is_decided_before_a_version_is_active(team: Person, world: World) -> None:
    body = {"cases": [{"case_ref": "c1", "payload": payload_of(1)}]}
    refused(team.post(f"/models/{world.model_id}/decisions", body), 409)


def test_sure_cases_are_released_and_the_others_held_with_a_sentence(
    team: Person, world: World, batch: dict[str, Any]
) -> None:
    assert batch["state"] == "finished"
    assert batch["held"] > 0
    assert batch["released"] + batch["held"] == 30
    path = f"/projects/{world.project_id}/decisions"
    held = made(team.get(path, query_string={"state": "held"}), 200)["items"]
    assert len(held) == batch["held"]
    assert all(one["hold_reason"] and one["outcome"] is None for one in held)
    released = made(team.get(path, query_string={"state": "released"}), 200)["items"]
    assert all(one["outcome"] == one["proposed"] for one in released)
    assert all(one["is_high_stakes"] for one in held if one["payload"]["age"] >= 70)


def test_a_case_that_was_decided_before_is_not_decided_again(
    team: Person, world: World, batch: dict[str, Any], run_jobs: RunJobs
) -> None:
    again = decided(team, run_jobs, world.model_id, [0, 1])
    counted = made(team.get(f"/decision-batches/{again}"), 200)
    assert counted["known"] == 1


@pytest.mark.parametrize(
    ("case", "pointer"),
    [
        ({"case_ref": "", "payload": {"age": 1}}, "/cases/0/case_ref"),
        ({"case_ref": "c", "payload": {}}, "/cases/0/payload"),
        ({"case_ref": "c", "payload": {"age": [1]}}, "/cases/0/payload/age"),
        ({"case_ref": "c"}, "/cases/0/payload"),
    ],
)
def test_a_case_that_is_none_is_named(
    case: dict[str, object], pointer: str, team: Person, world: World
) -> None:
    answer = team.post(f"/models/{world.model_id}/decisions", {"cases": [case]})
    assert refused(answer, 422)["fields"][0]["pointer"].startswith(pointer)


def test_a_confirmation_needs_no_reason(
    reviewer: Person, case: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    decision, _view = case
    done = made(review(reviewer, case, act="confirm"))
    assert (done["before"], done["after"]) == (decision["proposed"], decision["proposed"])
    assert made(reviewer.get(f"/decisions/{decision['id']}"), 200)["state"] == "confirmed"


@pytest.mark.parametrize(
    ("act", "pointer"),
    [
        ({"act": "override", "answer": "OTHER"}, "/reason_text"),
        ({"act": "override", "answer": "OTHER", "reason_text": "Long enough to read."},
         "/reason_codes"),
        ({"act": "override", "answer": "OTHER", **REASON, "reason_text": "    short   "},
         "/reason_text"),
        ({"act": "override", "answer": "OTHER", **REASON, "reason_codes": ["mood"]},
         "/reason_codes/0"),
        ({"act": "override", **REASON}, "/answer"),
        ({"act": "override", "answer": "SAME", **REASON}, "/answer"),
        ({"act": "override", "answer": "maybe", **REASON}, "/answer"),
        ({"act": "confirm", "answer": "OTHER"}, "/answer"),
        ({"act": "disregard"}, "/reason_text"),
        ({"act": "disregard", "answer": "OTHER", **REASON}, "/answer"),
        ({"act": "ignore"}, "/act"),
    ],
)  # fmt: skip
def test_an_act_without_what_it_needs_is_refused_and_nothing_is_stored(
    act: dict[str, Any],
    pointer: str,
    reviewer: Person,
    case: tuple[dict[str, Any], dict[str, Any]],
    services: Services,
) -> None:
    decision, _view = case
    entries_before = stored(services, Entry)
    words = {"OTHER": OTHER[decision["proposed"]], "SAME": decision["proposed"]}
    answer = {"answer": words.get(act["answer"], act["answer"])} if "answer" in act else {}
    problem = refused(review(reviewer, case, **{**act, **answer}), 422)
    assert problem["fields"][0]["pointer"] == pointer
    assert stored(services, Review) == 0
    assert stored(services, Entry) == entries_before
    assert made(reviewer.get(f"/decisions/{decision['id']}"), 200)["state"] == "held"


def test_an_override_changes_the_outcome_and_names_its_entry(
    reviewer: Person, officer: Person, case: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    decision, view = case
    other = OTHER[decision["proposed"]]
    done = made(review(reviewer, case, act="override", answer=other, **REASON))
    assert (done["before"], done["after"]) == (decision["proposed"], other)
    settled = made(reviewer.get(f"/decisions/{decision['id']}"), 200)
    assert (settled["state"], settled["outcome"]) == ("overridden", other)
    (entry,) = officer.get("/log/entries?action=review.overridden").get_json()["items"]
    assert entry["id"] == done["audit_entry_id"]
    assert view["shown"]["proposed"] == decision["proposed"]


def test_a_settled_case_is_not_settled_again(
    reviewer: Person, case: tuple[dict[str, Any], dict[str, Any]], services: Services
) -> None:
    made(review(reviewer, case, act="confirm"))
    refused(review(reviewer, case, act="disregard", **REASON), 409)
    decision, _view = case
    view = made(reviewer.post(f"/decisions/{decision['id']}/views"))
    refused(review(reviewer, (decision, view), act="disregard", **REASON), 409)
    assert stored(services, Review) == 1


def test_only_what_took_effect_can_be_reversed(
    reviewer: Person, case: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    decision, _view = case
    other = OTHER[decision["proposed"]]
    refused(review(reviewer, case, act="reverse", answer=other, **REASON), 409)
    made(review(reviewer, case, act="confirm"))
    view = made(reviewer.post(f"/decisions/{decision['id']}/views"))
    done = made(review(reviewer, (decision, view), act="reverse", answer=other, **REASON))
    assert (done["before"], done["after"]) == (decision["proposed"], other)


def test_nobody_acts_on_a_case_that_was_not_shown_to_them(
    reviewer: Person,
    person: Callable[..., Person],
    case: tuple[dict[str, Any], dict[str, Any]],
    services: Services,
) -> None:
    second = person(Role.REVIEWER, name="second")
    refused(review(second, case, act="confirm"), 404)
    decision, _view = case
    refused(second.post(f"/decisions/{decision['id']}/views"), 409)
    assert stored(services, Review) == 0


def test_two_reviewers_are_given_two_cases(
    person: Callable[..., Person], case: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    other = next_case(person(Role.REVIEWER, name="second"))
    assert other is not None
    assert other[0]["id"] != case[0]["id"]


def test_the_queue_goes_on_where_its_page_ended(reviewer: Person, batch: dict[str, Any]) -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = made(reviewer.get("/reviews/queue", query_string=query), 200)
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == batch["held"]
