"""Consensus and data sets over HTTP: derived from labels, written out, checked by digests."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from uuid import uuid4

import pyarrow.parquet
import pytest

from ..conftest import Person
from ..story import PATIENTS, finished_run, made
from ..test_calling import refused
from .conftest import World

RunJobs = Callable[[], None]


def test_a_run_says_what_it_was_derived_from(team: Person, world: World, run_jobs: RunJobs) -> None:
    first = made(team.get(f"/consensus-runs/{world.run_id}"), 200)
    assert (first["state"], first["method"], first["n_tasks"]) == ("finished", "majority", PATIENTS)
    assert first["n_labels"] == 2 * PATIENTS
    again = finished_run(team, run_jobs, world.project_id)
    assert again["number"] == first["number"] + 1
    for same in ("input_digest", "result_digest", "parameters", "method_version"):
        assert again[same] == first[same]


def test_a_run_by_another_method_is_another_result(
    team: Person, world: World, run_jobs: RunJobs
) -> None:
    run = finished_run(team, run_jobs, world.project_id, "dawid_skene")
    assert run["converged"]
    assert run["agreement"] == 1
    body = made(team.get(f"/consensus-runs/{run['id']}/accuracy"), 200)
    assert (body["n_right"], body["n_cases"]) == (PATIENTS, PATIENTS)
    found = made(team.get(f"/consensus-runs/{run['id']}/reliabilities"), 200)["items"]
    assert {one["annotator_name"] for one in found} == {"Ada", "Bela"}
    assert all(one["low"] <= one["reliability"] <= one["high"] for one in found)


def test_a_method_that_we_do_not_have_is_refused(team: Person, world: World) -> None:
    path = f"/projects/{world.project_id}/consensus-runs"
    assert refused(team.post(path, {"method": "oracle"}), 422)["fields"][0]["pointer"] == "/method"
    assert len(team.get(path).get_json()["items"]) == 1


@pytest.mark.parametrize("file_format", ["parquet", "csv", "jsonl"])
def test_a_file_is_the_one_that_the_manifest_names(
    file_format: str, team: Person, world: World
) -> None:
    manifest = made(team.get(f"/data-sets/{world.data_set_id}"), 200)["manifest"]
    answer = team.get(f"/data-sets/{world.data_set_id}/files/{file_format}")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.data).hexdigest() == manifest["files"][file_format]["digest"]
    assert len(answer.data) == manifest["files"][file_format]["bytes"]
    assert f"data-set-1.{file_format}" in answer.headers["Content-Disposition"]


def test_every_format_holds_the_same_answers(team: Person, world: World) -> None:
    def file(file_format: str) -> bytes:
        return team.get(f"/data-sets/{world.data_set_id}/files/{file_format}").data

    lines = [json.loads(line) for line in file("jsonl").splitlines()]
    answers = {one["external_id"]: one["answer"] for one in lines}
    assert len(answers) == PATIENTS
    rows = csv.DictReader(io.StringIO(file("csv").decode()))
    assert {row["external_id"]: row["answer"] for row in rows} == answers
    table = pyarrow.parquet.read_table(io.BytesIO(file("parquet"))).to_pylist()
    assert {row["external_id"]: row["answer"] for row in table} == answers


def test_who_takes_a_data_set_is_recorded(team: Person, officer: Person, world: World) -> None:
    path = "/log/entries?action=data_set.downloaded"
    assert officer.get(path).get_json()["items"] == []
    team.get(f"/data-sets/{world.data_set_id}/files/csv")
    (entry,) = officer.get(path).get_json()["items"]
    assert entry["actor_id"] == str(team.account_id)
    assert entry["subject_id"] == world.data_set_id


def test_a_format_or_data_set_that_is_none_is_not_found_and_not_recorded(
    team: Person, officer: Person, world: World
) -> None:
    refused(team.get(f"/data-sets/{world.data_set_id}/files/xlsx"), 404)
    refused(team.get(f"/data-sets/{uuid4()}/files/csv"), 404)
    entries = officer.get("/log/entries?action=data_set.downloaded").get_json()["items"]
    assert entries == []


def test_a_data_set_that_is_not_written_yet_has_no_file(team: Person, world: World) -> None:
    data_set = made(team.post(f"/projects/{world.project_id}/data-sets", {}), 202)
    refused(team.get(f"/data-sets/{data_set['id']}/files/csv"), 409)


def test_a_data_set_is_made_from_a_run_of_its_own_project(
    team: Person, world: World, open_project: Callable[..., str]
) -> None:
    other = f"/projects/{open_project(slug='dogs')}/data-sets"
    refused(team.post(other, {}), 409)
    refused(team.post(other, {"consensus_run_id": world.run_id}), 404)
    assert team.get(other).get_json()["items"] == []


def test_a_download_needs_its_permission(officer: Person, world: World) -> None:
    answer = officer.get(f"/data-sets/{world.data_set_id}/files/csv")
    assert "data-sets:read" in refused(answer, 403)["detail"]
