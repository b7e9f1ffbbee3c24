"""Models, policies and promotion over HTTP: declared first, judged, promoted by a second person."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from folkmoot.identity.permissions import Role

from ..conftest import Person
from ..story import POLICY, made, trained_version
from ..test_calling import refused
from .conftest import World

RunJobs = Callable[[], None]


def test_a_version_says_what_it_learned_from_and_how_it_did(team: Person, world: World) -> None:
    version = made(team.get(f"/model-versions/{world.version_id}"), 200)
    data_set = made(team.get(f"/data-sets/{world.data_set_id}"), 200)
    assert (version["state"], version["number"]) == ("candidate", 1)
    assert version["data_set_digest"] == data_set["digest"]
    error = version["metrics"]["error"]
    assert error["low"] <= error["value"] <= error["high"]
    assert version["gate"]["passed"] is True
    assert version["gate"]["rule"]["max_error_increase"] == POLICY["gate"]["max_error_increase"]


def test_who_asked_for_a_version_cannot_promote_it(
    team: Person, officer: Person, world: World
) -> None:
    path = f"/model-versions/{world.version_id}"
    assert "second person" in refused(team.post(f"{path}/promotion"), 403)["detail"]
    assert made(team.get(path), 200)["state"] == "candidate"
    promoted = made(officer.post(f"{path}/promotion"))
    assert (promoted["state"], promoted["promoted_by"]) == ("active", str(officer.account_id))
    refused(officer.post(f"{path}/promotion"), 409)


def test_a_version_that_failed_the_gate_is_promoted_by_nobody(
    team: Person, officer: Person, world: World, run_jobs: RunJobs
) -> None:
    strict = {**POLICY, "gate": {"max_error_increase": 0.0, "max_gap_increase": 0.0}}
    made(officer.post(f"/model-versions/{world.version_id}/promotion"))
    made(officer.put(f"/projects/{world.project_id}/policy", strict), 200)
    # Of another seed and share, so that it is another version, and no margin is allowed.
    body = {"data_set_id": world.data_set_id, "parameters": {"inverse_regularisation": 1e-6}}
    asked = made(team.post(f"/models/{world.model_id}/versions", body), 202)
    run_jobs()
    version = made(team.get(f"/model-versions/{asked['id']}"), 200)
    assert version["gate"]["passed"] is False
    path = f"/model-versions/{version['id']}/promotion"
    assert "gate" in refused(officer.post(path), 409)["detail"]


def test_a_version_must_be_compared_with_the_one_that_is_active_now(
    team: Person, officer: Person, world: World, run_jobs: RunJobs
) -> None:
    second = trained_version(team, run_jobs, world.model_id, world.data_set_id)
    made(officer.post(f"/model-versions/{world.version_id}/promotion"))
    path = f"/model-versions/{second['id']}/promotion"
    assert "train it again" in refused(officer.post(path), 409)["detail"]


def test_a_version_that_is_still_training_is_not_promoted(
    team: Person, officer: Person, world: World
) -> None:
    body = {"data_set_id": world.data_set_id}
    version = made(team.post(f"/models/{world.model_id}/versions", body), 202)
    refused(officer.post(f"/model-versions/{version['id']}/promotion"), 409)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"held_out_share": 0.99}, "/parameters/held_out_share"),
        ({"seed": -1}, "/parameters/seed"),
        ({"depth": 3}, "/parameters/depth"),
        ({"features": [1]}, "/parameters/features/0"),
    ],
)
def test_parameters_out_of_range_are_named(
    parameters: dict[str, object], pointer: str, team: Person, world: World
) -> None:
    body = {"data_set_id": world.data_set_id, "parameters": parameters}
    path = f"/models/{world.model_id}/versions"
    assert refused(team.post(path, body), 422)["fields"][0]["pointer"] == pointer
    assert len(team.get(path).get_json()["items"]) == 1


def test_a_data_set_of_nowhere_is_not_found(team: Person, world: World) -> None:
    body = {"data_set_id": str(uuid4())}
    refused(team.post(f"/models/{world.model_id}/versions", body), 404)
    refused(team.get(f"/models/{uuid4()}/versions"), 404)


def test_a_training_that_cannot_work_fails_with_its_reason(
    team: Person, officer: Person, world: World, run_jobs: RunJobs
) -> None:
    body = {"data_set_id": world.data_set_id, "parameters": {"features": ["no such field"]}}
    version = made(team.post(f"/models/{world.model_id}/versions", body), 202)
    run_jobs()
    assert made(team.get(f"/model-versions/{version['id']}"), 200)["state"] == "failed"
    failed = officer.get("/log/entries?action=job.failed").get_json()["items"]
    assert len(failed) == 1


def test_a_name_that_is_taken_conflicts(team: Person, world: World) -> None:
    path = f"/projects/{world.project_id}/models"
    refused(team.post(path, {"name": "Follow-up"}), 409)
    assert len(team.get(path).get_json()["items"]) == 1


def test_without_a_policy_every_case_goes_to_a_person(
    team: Person, officer: Person, open_project: Callable[..., str]
) -> None:
    policy = made(team.get(f"/projects/{open_project(slug='dogs')}/policy"), 200)
    assert (policy["version"], policy["hold_below"]) == (0, 1.0)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"hold_below": 0}, "/hold_below"),
        ({"review_minutes": 0}, "/review_minutes"),
        ({"high_stakes": [{"field": "age", "operator": "above", "value": "70"}]}, "/high_stakes/0"),
        ({"gate": {"max_error_increase": 2}}, "/gate/max_error_increase"),
        ({"gate": {"groups": [{"field": "age", "bands": [9, 1]}]}}, "/gate/groups/0/bands"),
    ],
)
def test_a_policy_that_makes_no_sense_is_named_and_not_set(
    changes: dict[str, object], pointer: str, officer: Person, world: World
) -> None:
    path = f"/projects/{world.project_id}/policy"
    problem = refused(officer.put(path, {**POLICY, **changes}), 422)
    assert problem["fields"][0]["pointer"] == pointer
    assert made(officer.get(path), 200)["version"] == 1


def test_a_policy_is_an_officers_to_set_and_is_recorded(
    team: Person, officer: Person, world: World
) -> None:
    path = f"/projects/{world.project_id}/policy"
    assert "policy:set" in refused(team.put(path, POLICY), 403)["detail"]
    assert made(officer.put(path, {**POLICY, "hold_below": 0.9}), 200)["version"] == 2
    entries = officer.get("/log/entries?action=policy.set").get_json()["items"]
    assert len(entries) == 2


def test_only_a_second_person_with_the_permission_promotes(
    person: Callable[..., Person], world: World
) -> None:
    annotator = person(Role.ANNOTATOR)
    answer = annotator.post(f"/model-versions/{world.version_id}/promotion")
    assert "models:promote" in refused(answer, 403)["detail"]
