import hashlib
import json
from pathlib import Path

import pytest
from sqlmodel import col, select

from audit.models import Entry
from crowd.consensus_runs import load_consensus_problem, request_consensus, solve, store_consensus
from crowd.data_sets import (
    data_set_by_id,
    data_sets_of,
    file_of,
    load_data_set_rows,
    record_download,
    request_data_set,
    store_data_set,
    write_files,
)
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.pagination import PageRequest


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def agreed(moot):
    """A project with two labelled tasks and a finished consensus run."""
    project = moot.project()
    moot.tasks(project, "b", "a")
    ann = moot.person()
    moot.answer(project, ann, "yes")
    moot.answer(project, ann, "no")
    with moot.work() as uow:
        run = request_consensus(uow, moot.team, project_id=project.id, method="majority")
        problem = load_consensus_problem(uow, run_id=run.id)
        store_consensus(uow, problem, solve(problem))
    return project


def ask(moot, project, run_id=None):
    with moot.work() as uow:
        return request_data_set(uow, moot.team, project_id=project.id, consensus_run_id=run_id)


def written(moot, project, artifacts):
    wanted = ask(moot, project)
    with moot.read() as uow:
        content = load_data_set_rows(uow, data_set_id=wanted.id)
    files = write_files(content)
    for _ in range(2):  # a job may run twice
        with moot.work() as uow:
            store_data_set(uow, artifacts, rows=content, files=files)
    with moot.read() as uow:
        return data_set_by_id(uow, data_set_id=wanted.id)


def test_a_data_set_names_its_files_and_all_that_it_stems_from(moot, agreed, artifacts):
    data_set = written(moot, agreed, artifacts)

    assert (data_set.state, data_set.number, data_set.n_rows) == (WorkState.FINISHED, 1, 2)
    manifest = data_set.manifest
    assert manifest["project"]["slug"] == agreed.slug
    assert manifest["consensus"]["method"] == "majority"
    assert manifest["classes"] == ["yes", "no"]
    assert set(manifest["log"]) == {"origin", "size", "root"}
    assert set(manifest["files"]) == {"parquet", "csv", "jsonl"}
    for file_format, described in manifest["files"].items():
        content = file_of(data_set, artifacts, file_format=file_format)
        assert described["digest"] == hashlib.sha256(content).hexdigest()
        assert (described["bytes"], described["rows"]) == (len(content), 2)
    assert data_set.digest == manifest["files"]["jsonl"]["digest"]


def test_rows_come_in_the_order_of_their_external_ids(moot, agreed, artifacts):
    data_set = written(moot, agreed, artifacts)
    lines = file_of(data_set, artifacts, file_format="jsonl").decode().splitlines()

    assert [json.loads(line)["external_id"] for line in lines] == ["a", "b"]
    assert json.loads(lines[0])["name"] == "a"


def test_the_same_consensus_twice_is_two_data_sets_with_one_digest(moot, agreed, artifacts):
    first, second = (written(moot, agreed, artifacts) for _ in range(2))

    assert (first.number, second.number) == (1, 2)
    assert first.digest == second.digest
    with moot.read() as uow:
        listed = data_sets_of(uow, project_id=agreed.id, wanted=PageRequest()).items
        entries = uow.session.exec(
            select(Entry).where(Entry.subject_id == first.id).order_by(col(Entry.id))
        ).all()
    assert [each.id for each in listed] == [second.id, first.id]
    assert [entry.action.value for entry in entries] == ["data_set.requested", "data_set.finished"]


def test_a_data_set_needs_a_finished_run_of_its_own_project(moot, agreed):
    other = moot.project()
    with pytest.raises(Conflict, match="no finished consensus run"):
        ask(moot, other)
    with moot.work() as uow:
        waiting = request_consensus(uow, moot.team, project_id=agreed.id, method="majority")
    with pytest.raises(Conflict, match="not finished"):
        ask(moot, agreed, waiting.id)
    for strange in (waiting.id, new_id()):
        with pytest.raises(NotFound):
            ask(moot, other, strange)


def test_a_file_is_handed_out_only_when_it_is_there_and_unaltered(moot, agreed, artifacts):
    with pytest.raises(Conflict, match="not written yet"):
        file_of(ask(moot, agreed), artifacts, file_format="csv")
    data_set = written(moot, agreed, artifacts)
    with pytest.raises(NotFound, match="xlsx"):
        file_of(data_set, artifacts, file_format="xlsx")
    digest = data_set.manifest["files"]["csv"]["digest"]
    (artifacts.folder / digest[:2] / digest).write_bytes(b"forged")
    with pytest.raises(NotFound, match="altered"):
        file_of(data_set, artifacts, file_format="csv")


def test_a_download_is_recorded(moot, agreed, artifacts):
    data_set = written(moot, agreed, artifacts)
    with moot.work() as uow:
        record_download(uow, moot.team, data_set=data_set, file_format="csv")

    with moot.read() as uow:
        last = uow.session.exec(select(Entry).where(Entry.action == "data_set.downloaded")).one()
    assert last.actor_id == moot.team.id
