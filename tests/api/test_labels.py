"""Leases and labels over HTTP: whose they are, what may be answered, and how often."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import func, select

from crowd.models import Label
from folkmoot.bootstrap import Services
from folkmoot.identity.permissions import Role
from folkmoot.kernel import clock

from .conftest import Person
from .story import made
from .test_calling import refused


@pytest.fixture
def project_id(open_project: Callable[..., str]) -> str:
    return open_project()


@pytest.fixture
def lease(annotator: Person, project_id: str) -> dict[str, Any]:
    found: dict[str, Any] = made(annotator.post(f"/projects/{project_id}/leases"))["lease"]
    return found


@pytest.fixture
def other(person: Callable[..., Person]) -> Person:
    return person(Role.ANNOTATOR, name="other")


def label_body(lease: dict[str, Any], answer: object = "yes") -> dict[str, Any]:
    return {"lease_id": lease["lease_id"], "answer": answer, "active_seconds": 2.5}


def labels_stored(services: Services) -> int:
    with services.reading() as uow:
        return uow.session.exec(select(func.count()).select_from(Label)).one()


def test_a_lease_shows_the_task_and_not_whether_it_is_gold(lease: dict[str, Any]) -> None:
    assert lease["payload"] == {"text": "Picture 0"}
    assert set(lease) == {
        "lease_id", "task_id", "task_type", "payload", "answer_schema", "instructions_version",
        "content_flags", "suggestion", "is_training", "pay_minor", "currency", "expires_at",
    }  # fmt: skip


def test_a_label_is_paid_and_the_next_task_comes_with_it(
    annotator: Person, project_id: str, lease: dict[str, Any]
) -> None:
    body = {**label_body(lease), "lease_next": True}
    answered = made(annotator.post(f"/projects/{project_id}/labels", body))
    assert (answered["label"]["answer"], answered["label"]["fate"]) == ("yes", "accepted")
    assert (answered["earned_minor"], answered["currency"]) == (5, "EUR")
    assert answered["lease"]["task_id"] != lease["task_id"]


def test_an_answer_outside_the_schema_is_refused_with_the_ones_allowed(
    annotator: Person, project_id: str, lease: dict[str, Any], services: Services
) -> None:
    for wrong in ("maybe", 1, None, ["yes"], {"value": "yes"}):
        path = f"/projects/{project_id}/labels"
        problem = refused(annotator.post(path, label_body(lease, wrong)), 422)
        assert problem["fields"][0]["pointer"] == "/answer"
        assert "yes, no" in problem["fields"][0]["message"]
    assert labels_stored(services) == 0


def test_somebody_elses_lease_is_not_found(
    other: Person, project_id: str, lease: dict[str, Any], services: Services
) -> None:
    lease_id = lease["lease_id"]
    refused(other.post(f"/projects/{project_id}/labels", label_body(lease)), 404)
    refused(other.put(f"/leases/{lease_id}/renewal", {}), 404)
    refused(other.post(f"/leases/{lease_id}/skip", {"reason": "unclear"}), 404)
    refused(other.call("DELETE", f"/leases/{lease_id}"), 404)
    assert labels_stored(services) == 0


def test_a_lease_of_another_project_is_not_found(
    annotator: Person, lease: dict[str, Any], services: Services
) -> None:
    refused(annotator.post(f"/projects/{uuid4()}/labels", label_body(lease)), 404)
    assert labels_stored(services) == 0


def test_a_retry_with_the_same_key_and_another_body_is_refused_and_stores_nothing(
    annotator: Person, project_id: str, lease: dict[str, Any], services: Services
) -> None:
    path, headers = f"/projects/{project_id}/labels", {"Idempotency-Key": "one"}
    first = made(annotator.post(path, label_body(lease, "yes"), headers=headers))
    again = made(annotator.post(path, label_body(lease, "yes"), headers=headers))
    assert again == first
    refused(annotator.post(path, label_body(lease, "no"), headers=headers), 409)
    assert labels_stored(services) == 1


def test_a_body_that_is_too_large_is_refused_and_stores_nothing(
    annotator: Person, project_id: str, lease: dict[str, Any], services: Services
) -> None:
    path = f"/projects/{project_id}/labels"
    large = {**label_body(lease), "note": "x" * 17 * 2**20}
    assert "MiB" in refused(annotator.post(path, large), 413)["detail"]
    long = {**label_body(lease), "note": "x" * 2001}
    assert refused(annotator.post(path, long), 422)["fields"][0]["pointer"] == "/note"
    assert labels_stored(services) == 0


def test_an_answer_after_the_lease_is_kept_where_a_place_is_free_and_as_surplus_where_not(
    annotator: Person, other: Person, open_project: Callable[..., str], services: Services
) -> None:
    path = f"/projects/{open_project(1, ceiling=1, lease_seconds=60)}"
    lease = made(annotator.post(f"{path}/leases"))["lease"]
    with clock.moved_to(clock.now() + timedelta(minutes=2)):
        again = made(other.post(f"{path}/leases"))["lease"]
        assert again["task_id"] == lease["task_id"]
        refused(annotator.put(f"/leases/{lease['lease_id']}/renewal", {}), 404)
        fates = [
            made(one.post(f"{path}/labels", label_body(theirs)))["label"]["fate"]
            for one, theirs in ((other, again), (annotator, lease))
        ]
    assert fates == ["accepted", "surplus"]
    assert labels_stored(services) == 2


def test_a_closed_project_keeps_the_answer_to_a_task_in_hand_and_says_why_there_is_no_next(
    annotator: Person, team: Person, project_id: str, lease: dict[str, Any], services: Services
) -> None:
    made(team.put(f"/projects/{project_id}/state", {"state": "closed"}), 200)
    body = {**label_body(lease), "lease_next": True}
    answered = made(annotator.post(f"/projects/{project_id}/labels", body))
    assert answered["lease"] is None
    assert "closed" in answered["refusal"]
    assert "closed" in refused(annotator.post(f"/projects/{project_id}/leases"), 409)["detail"]
    assert labels_stored(services) == 1


def test_a_second_other_answer_conflicts_and_the_same_again_does_not(
    annotator: Person, project_id: str, lease: dict[str, Any], services: Services
) -> None:
    path = f"/projects/{project_id}/labels"
    first = made(annotator.post(path, label_body(lease, "yes")))
    again = made(annotator.post(path, label_body(lease, "yes")))
    assert again["label"]["id"] == first["label"]["id"]
    problem = refused(annotator.post(path, label_body(lease, "no")), 409)
    assert problem["type"].endswith("#already-answered")
    assert labels_stored(services) == 1


@pytest.mark.parametrize("seconds", [-1, 86_401, "soon", None])
def test_seconds_that_cannot_be_are_refused(
    seconds: object, annotator: Person, project_id: str, lease: dict[str, Any]
) -> None:
    body = {**label_body(lease), "active_seconds": seconds}
    problem = refused(annotator.post(f"/projects/{project_id}/labels", body), 422)
    assert problem["fields"][0]["pointer"] == "/active_seconds"


def test_a_revision_takes_the_place_of_the_answer_and_keeps_it(
    annotator: Person, other: Person, team: Person, project_id: str, lease: dict[str, Any]
) -> None:
    label = made(annotator.post(f"/projects/{project_id}/labels", label_body(lease)))["label"]
    path = f"/labels/{label['id']}/revisions"
    refused(other.post(path, {"answer": "no"}), 404)
    refused(annotator.post(path, {"answer": "maybe"}), 422)
    revised = made(annotator.post(path, {"answer": "no"}))
    listed = team.get(f"/projects/{project_id}/labels").get_json()["items"]
    assert {(one["id"], one["answer"], one["is_current"]) for one in listed} == {
        (label["id"], "yes", False),
        (revised["id"], "no", True),
    }


def test_an_answer_is_final_after_a_quarter_of_an_hour(
    annotator: Person, project_id: str, lease: dict[str, Any], services: Services
) -> None:
    label = made(annotator.post(f"/projects/{project_id}/labels", label_body(lease)))["label"]
    with clock.moved_to(clock.now() + timedelta(minutes=16)):
        refused(annotator.post(f"/labels/{label['id']}/revisions", {"answer": "no"}), 410)
    assert labels_stored(services) == 1


def test_a_skipped_task_is_somebody_elses_and_can_no_longer_be_answered(
    annotator: Person, other: Person, project_id: str, lease: dict[str, Any]
) -> None:
    path = f"/leases/{lease['lease_id']}/skip"
    refused(annotator.post(path, {"reason": "boring"}), 422)
    assert annotator.post(path, {"reason": "not_good_for_me"}).status_code == 204
    refused(annotator.post(f"/projects/{project_id}/labels", label_body(lease)), 409)
    assert (
        made(other.post(f"/projects/{project_id}/leases"))["lease"]["task_id"] == (lease["task_id"])
    )


def test_a_renewed_lease_holds_for_its_full_time_from_then(
    annotator: Person, lease: dict[str, Any]
) -> None:
    with clock.moved_to(clock.now() + timedelta(minutes=5)):
        renewed = made(annotator.put(f"/leases/{lease['lease_id']}/renewal", {}), 200)
    assert renewed["expires_at"] > lease["expires_at"]


def test_a_task_given_back_is_free_again(annotator: Person, lease: dict[str, Any]) -> None:
    path = f"/leases/{lease['lease_id']}"
    assert annotator.call("DELETE", path).status_code == 204
    refused(annotator.put(f"{path}/renewal", {}), 404)


def test_nobody_holds_a_fourth_task_of_a_project(
    annotator: Person, open_project: Callable[..., str]
) -> None:
    path = f"/projects/{open_project(5)}/leases"
    for _ in range(3):
        made(annotator.post(path))
    assert "3 tasks" in refused(annotator.post(path), 409)["detail"]


def test_a_project_that_is_not_open_gives_no_tasks(
    annotator: Person, team: Person, project_id: str
) -> None:
    made(team.put(f"/projects/{project_id}/state", {"state": "paused"}), 200)
    refused(annotator.post(f"/projects/{project_id}/leases"), 409)


def test_when_nothing_is_left_there_is_no_lease_and_no_error(
    annotator: Person, open_project: Callable[..., str]
) -> None:
    path = f"/projects/{open_project(1)}"
    lease = made(annotator.post(f"{path}/leases"))["lease"]
    answered = made(annotator.post(f"{path}/labels", {**label_body(lease), "lease_next": True}))
    assert answered["lease"] is None
    assert made(annotator.post(f"{path}/leases"))["lease"] is None
