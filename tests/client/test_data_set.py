"""Data sets through the client: found by name, checked by digest before they are believed."""

from collections.abc import Callable

import pytest

from folkmoot.bootstrap import Services
from folkmoot.identity.permissions import Role
from folkmoot_client import DataSet, DigestMismatch, Folkmoot, FolkmootError

from ..api.conftest import Person
from ..api.story import finished_data_set, finished_run, label_everything

RunJobs = Callable[[], None]


@pytest.fixture
def data_set(
    live_url: str,
    team: Person,
    person: Callable[..., Person],
    run_jobs: RunJobs,
    open_project: Callable[..., str],
) -> DataSet:
    project_id = open_project(4)
    label_everything(person(Role.ANNOTATOR), project_id, lambda _payload: "yes")
    finished_run(team, run_jobs, project_id)
    finished_data_set(team, run_jobs, project_id)
    finished_data_set(team, run_jobs, project_id)
    return Folkmoot(live_url, token=team.token).data_set("cats")


def test_the_newest_is_found_unless_a_number_is_named(
    data_set: DataSet, live_url: str, team: Person
) -> None:
    assert data_set.number == 2
    folkmoot = Folkmoot(live_url, token=team.token)
    assert folkmoot.data_set("cats", 1).number == 1
    with pytest.raises(FolkmootError, match="data set 7"):
        folkmoot.data_set("cats", 7)
    with pytest.raises(FolkmootError, match="no project 'dogs'"):
        folkmoot.data_set("dogs")


def test_rows_and_table_hold_the_same_answers(data_set: DataSet) -> None:
    rows = data_set.rows()
    assert [one["external_id"] for one in rows] == ["t0", "t1", "t2", "t3"]
    assert {one["answer"] for one in rows} == {"yes"}
    table = data_set.to_pandas()
    assert list(table.external_id) == [one["external_id"] for one in rows]
    assert list(table.confidence) == [one["confidence"] for one in rows]


@pytest.mark.parametrize("file_format", ["parquet", "csv", "jsonl"])
def test_a_file_that_was_changed_on_the_server_is_not_believed(
    file_format: str, data_set: DataSet, services: Services
) -> None:
    digest = data_set.manifest["files"][file_format]["digest"]
    assert data_set.file(file_format)
    (stored,) = services.settings.artifact_dir.rglob(f"{digest}*")
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes() + b"x")
    with pytest.raises(FolkmootError):
        data_set.file(file_format)


def test_a_file_that_is_not_the_manifests_is_not_believed(data_set: DataSet) -> None:
    data_set.manifest["files"]["csv"]["digest"] = "0" * 64
    with pytest.raises(DigestMismatch, match="the manifest says 0000"):
        data_set.file("csv")
