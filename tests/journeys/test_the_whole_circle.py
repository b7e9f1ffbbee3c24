"""The eight steps of the story, over HTTP, on both databases; jobs run as a worker runs them."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa
from flask import Flask

from audit.verification import verify_log
from folkmoot.app import create_app
from folkmoot.bootstrap import Services
from folkmoot.jobs.audit_jobs import CLAIMS
from folkmoot_client import Folkmoot

from ..api.conftest import serving
from ..api.story import made
from .circle import HABITS, N_CASES, N_GOLD, N_TASKS, SLUG, Circle, every


class Forged(Exception):
    """Takes a forgery back once it has been looked at."""


@pytest.fixture(scope="module")
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture(scope="module")
def circle(app: Flask, services: Services) -> Circle:
    return Circle(app, services)


@pytest.fixture(scope="module")
def url(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


def test_step_1_a_project_is_filled_and_opened(circle: Circle) -> None:
    project = made(circle.team.get(f"/projects/{circle.project_id}"), 200)
    assert (project["state"], project["floor"], project["ceiling"]) == ("open", 3, 5)
    imported = made(circle.team.get(f"/imports/{circle.import_id}"), 200)
    assert (imported["added"], imported["refused"]) == (N_TASKS, 0)


def test_step_2_no_place_is_given_twice_and_no_label_is_lost(circle: Circle) -> None:
    acknowledged = circle.acknowledged
    stored = every(circle.team, f"/projects/{circle.project_id}/labels")
    assert {one["id"] for one in stored} == set(acknowledged)
    assert len(acknowledged) == len(set(acknowledged))
    integrity = made(circle.team.get(f"/projects/{circle.project_id}/integrity"), 200)
    assert set(integrity.values()) == {0}


def test_step_2_every_task_has_its_floor_of_answers(circle: Circle) -> None:
    assert circle.acknowledged
    answers: dict[str, set[str]] = {}
    for one in every(circle.team, f"/projects/{circle.project_id}/labels"):
        answers.setdefault(one["task_id"], set()).add(one["annotator_id"])
    n_settled = sum(3 <= len(people) <= 5 for people in answers.values())
    assert n_settled >= N_TASKS - N_GOLD  # of gold everybody may be asked, or nobody


def test_step_3_both_methods_agree_with_what_happened_and_the_constant_one_is_named(
    circle: Circle,
) -> None:
    for run in circle.runs.values():
        measured = made(circle.team.get(f"/consensus-runs/{run['id']}/accuracy"), 200)
        assert measured["n_cases"] >= N_TASKS - N_GOLD
        assert measured["accuracy"] > 0.75
    run = circle.runs["dawid_skene"]
    assert run["labels_saved"] > 0
    assert run["agreement_low"] <= run["agreement"] <= run["agreement_high"] < 1
    found = made(circle.team.get(f"/consensus-runs/{run['id']}/reliabilities"), 200)["items"]
    ranked = [one["annotator_name"] for one in sorted(found, key=lambda one: one["reliability"])]
    assert set(ranked[:2]) == {"Hana", "Jun"}
    assert len(ranked) == len(HABITS)


def test_step_4_a_version_is_measured_on_patients_that_it_never_saw(circle: Circle) -> None:
    version = circle.first_version
    metrics = version["metrics"]
    assert version["data_set_digest"] == circle.first_data_set["digest"]
    assert metrics["measured_against"] == "outcomes"
    assert metrics["training"]["rows"] + metrics["held_out"]["cases"] <= N_TASKS
    assert metrics["training"]["review"] == 0
    assert version["gate"]["passed"]


def test_step_4_fairness_is_reported_by_group_and_by_annotator(circle: Circle) -> None:
    version_id = circle.first_version["id"]
    model = circle.report("model_fairness", model_version_id=version_id)
    groups = model["result"]["report"]["groups"]
    states = {one["rates"]["error_rate"]["state"] for one in groups}
    assert states == {"estimated", "not_estimable"}
    annotators = circle.report("annotator_fairness")
    assert len(annotators["result"]["people"]) == len(HABITS)
    assert set(annotators["result"]["by_field"]) == {"sex", "age"}


def test_step_5_doubtful_cases_are_held_and_each_gets_one_act(circle: Circle) -> None:
    batch, reviews = circle.batch, circle.reviews
    assert batch["held"] + batch["released"] == N_CASES
    assert len(reviews) == batch["held"] >= 3
    acts = [one["act"] for one in reviews]
    assert acts.count("disregard") == 1
    assert acts.count("override") >= 1
    decisions = every(circle.reviewer, f"/projects/{circle.project_id}/decisions")
    assert not [one for one in decisions if one["state"] == "held"]


def test_step_6_corrections_are_learned_from_and_a_second_person_promotes(
    circle: Circle,
) -> None:
    answered = sum(one["act"] != "disregard" for one in circle.reviews)
    first, second = circle.first_version, circle.second_version
    assert second["metrics"]["training"]["review"] == answered
    assert second["metrics"]["held_out"]["digest"] == first["metrics"]["held_out"]["digest"]
    difference = second["metrics"]["comparison"]["difference"]
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert second["gate"]["compared_with"] == first["id"]
    assert (second["state"], second["promoted_by"]) == ("active", str(circle.officer.account_id))
    assert second["requested_by"] == str(circle.team.account_id)
    retired = made(circle.team.get(f"/model-versions/{first['id']}"), 200)
    assert retired["state"] == "retired"


def test_step_7_the_data_set_is_read_back_by_the_client(circle: Circle, url: str) -> None:
    assert circle.second_version
    data_set = Folkmoot(url, token=circle.team.token).data_set(SLUG)
    table = data_set.to_pandas()
    assert len(table) == len(data_set.rows())
    assert set(table.origin) == {"crowd", "review"}
    for name, described in data_set.manifest["files"].items():
        assert hashlib.sha256(data_set.file(name)).hexdigest() == described["digest"]
    assert data_set.manifest["log"]["size"] > 0


def test_step_8_the_log_is_sound_and_an_edited_reason_names_its_entry(
    circle: Circle, services: Services
) -> None:
    assert circle.second_version
    circle.run_jobs()
    made(circle.officer.post("/log/verifications"), 202)
    circle.run_jobs()
    health = made(circle.officer.get("/log/health"), 200)
    assert health["last_verification"]["findings"] == []

    override = next(one for one in circle.reviews if one["act"] == "override")
    edit = sa.text("UPDATE review SET reason_text = 'As asked.' WHERE reason_text = :before")
    # As an operator could do it; rolled back, so that nobody else reads the forgery.
    with suppress(Forged), services.unit_of_work() as uow:
        uow.connection.execute(edit, {"before": override["reason_text"]})
        verdict = verify_log(uow, verifier=health["verifier"], claims=CLAIMS)
        raise Forged
    named = {str(one.entry_id) for one in verdict.findings}
    assert override["audit_entry_id"] in named
