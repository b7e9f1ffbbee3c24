"""Data sets: a consensus run written out for an ML team, with a manifest that can be checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from audit.actions import Action
from audit.recording import record
from audit.searching import log_head
from audit.verdicts import ERASED
from crowd.consensus_runs import latest_run, run_by_id
from crowd.data_set_files import DataSetRow, files_of
from crowd.models import Consensus, ConsensusRun, DataSet, Project
from crowd.projects import locked_project, project_by_id
from crowd.tables import TASK
from crowd.task_types import NominalKind, task_type_of
from crowd.task_types.multiple_choice import MultipleChoice
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import JobName, WorkState, request_job
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class DataSetContent:
    """All that a data set's files and manifest are made of."""

    data_set_id: UUID
    rows: tuple[DataSetRow, ...]
    manifest: JsonObject


def request_data_set(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, consensus_run_id: UUID | None = None
) -> DataSet:
    """Ask for a consensus run to be written out: the latest that has finished, unless told."""
    locked_project(uow, project_id)  # data sets are numbered one after the other
    run = _finished_run(uow, project_id, consensus_run_id)
    data_set = DataSet(
        project_id=project_id,
        consensus_run_id=run.id,
        number=_next_number(uow, project_id),
        state=WorkState.REQUESTED,
        requested_by=actor.id,
        created_at=clock.now(),
    )
    uow.session.add(data_set)
    request_job(uow, JobName.EXPORT_DATA_SET, subject_id=data_set.id, requested_by=actor.id)
    facts: JsonObject = {"number": data_set.number, "consensus_run": str(run.id)}
    _record(uow, actor, Action.DATA_SET_REQUESTED, data_set, facts)
    return data_set


def data_set_by_id(uow: UnitOfWork, *, data_set_id: UUID) -> DataSet:
    """Return a data set, or raise NotFound."""
    data_set = uow.session.get(DataSet, data_set_id)
    if data_set is None:
        raise NotFound("There is no such data set.")
    return data_set


def data_sets_of(uow: UnitOfWork, *, project_id: UUID, wanted: PageRequest) -> Page[DataSet]:
    """Return one page of a project's data sets, newest first."""
    project_by_id(uow, project_id=project_id)
    statement = select(DataSet).where(DataSet.project_id == project_id)
    return page_by_id(uow, statement, key=DataSet.id, wanted=wanted, newest_first=True)


def data_sets(uow: UnitOfWork, *, wanted: PageRequest) -> Page[DataSet]:
    """Return one page of the data sets of all projects, newest first."""
    return page_by_id(uow, select(DataSet), key=DataSet.id, wanted=wanted, newest_first=True)


def load_data_set_rows(uow: UnitOfWork, *, data_set_id: UUID) -> DataSetContent:
    """Load the rows of a data set, in the order of their external ids, and what it stems from."""
    data_set = data_set_by_id(uow, data_set_id=data_set_id)
    project = project_by_id(uow, project_id=data_set.project_id)
    run = run_by_id(uow, run_id=data_set.consensus_run_id)
    return DataSetContent(data_set_id, _rows_of(uow, run), _origin_of(uow, project, data_set, run))


def write_files(content: DataSetContent) -> dict[str, bytes]:
    """Write the rows in every format; the same rows always make the same bytes."""
    return files_of(content.rows)


def store_data_set(
    uow: UnitOfWork,
    artifacts: ArtifactStore,
    *,
    rows: DataSetContent,
    files: Mapping[str, bytes],
) -> None:
    """Keep the files and the manifest that names their digests; done once, however often run."""
    described = {name: _describe(artifacts, file, len(rows.rows)) for name, file in files.items()}
    data_set = _locked_data_set(uow, rows.data_set_id)
    if data_set.state is WorkState.FINISHED:
        return
    data_set.state = WorkState.FINISHED
    data_set.n_rows = len(rows.rows)
    # The JSON Lines file depends on the rows and on nothing else, no library's version either.
    data_set.digest = sha256(files["jsonl"]).hexdigest()
    data_set.manifest = {**rows.manifest, "files": {**described}}
    data_set.finished_at = clock.now()
    uow.session.add(data_set)
    facts: JsonObject = {"digest": data_set.digest, "manifest": data_set.manifest}
    _record(uow, PLATFORM, Action.DATA_SET_FINISHED, data_set, facts)


def file_of(data_set: DataSet, artifacts: ArtifactStore, *, file_format: str) -> bytes:
    """Return one file of a data set, exactly the bytes that the manifest names."""
    if data_set.state is not WorkState.FINISHED:
        raise Conflict("This data set is not written yet.")
    files = data_set.manifest["files"]
    described = files.get(file_format) if isinstance(files, dict) else None
    if not isinstance(described, dict):
        raise NotFound(f"This data set has no {file_format} file.")
    return artifacts.get(str(described["digest"]))


def record_download(uow: UnitOfWork, actor: Actor, *, data_set: DataSet, file_format: str) -> None:
    """Record who took a data set away, and in which format."""
    facts: JsonObject = {"digest": data_set.digest, "format": str(file_format)}
    _record(uow, actor, Action.DATA_SET_DOWNLOADED, data_set, facts)


def _finished_run(uow: UnitOfWork, project_id: UUID, run_id: UUID | None) -> ConsensusRun:
    if run_id is None:
        latest = latest_run(uow, project_id=project_id)
        if latest is None:
            raise Conflict("This project has no finished consensus run to write out yet.")
        return latest
    run = run_by_id(uow, run_id=run_id)
    if run.project_id != project_id:
        raise NotFound("There is no such consensus run.")
    if run.state is not WorkState.FINISHED:
        raise Conflict("This consensus run has not finished.")
    return run


def _next_number(uow: UnitOfWork, project_id: UUID) -> int:
    statement = select(func.coalesce(func.max(DataSet.number), 0)).where(
        DataSet.project_id == project_id
    )
    return int(uow.session.exec(statement).one()) + 1


def _rows_of(uow: UnitOfWork, run: ConsensusRun) -> tuple[DataSetRow, ...]:
    statement = (
        sa.select(
            TASK.c.external_id,
            TASK.c.origin,
            TASK.c.payload,
            col(Consensus.answer),
            col(Consensus.confidence),
            col(Consensus.n_labels),
            col(Consensus.posterior),
            col(Consensus.low),
            col(Consensus.high),
        )
        .join_from(Consensus, TASK, TASK.c.id == Consensus.task_id)
        .where(col(Consensus.run_id) == run.id, TASK.c.external_id.not_like(f"{ERASED} %"))
    )
    rows = [
        DataSetRow(
            external_id=row.external_id,
            origin=row.origin.value,
            answer=row.answer,
            confidence=row.confidence,
            n_labels=row.n_labels,
            posterior=tuple(row.posterior),
            payload=row.payload,
            low=row.low,
            high=row.high,
        )
        for row in uow.session.connection().execute(statement)
    ]
    # Sorted here, since the order of text differs between databases and their settings.
    return tuple(sorted(rows, key=lambda row: row.external_id))


def _origin_of(
    uow: UnitOfWork, project: Project, data_set: DataSet, run: ConsensusRun
) -> JsonObject:
    head = log_head(uow)
    return {
        "project": {"id": str(project.id), "slug": project.slug, "title": project.title},
        "number": data_set.number,
        "task_type": project.task_type.value,
        "answer_schema": project.answer_schema,
        "classes": _classes_of(project),
        "consensus": {
            "id": str(run.id),
            "number": run.number,
            "method": run.method,
            "method_version": run.method_version,
            "algorithm": run.algorithm,
            "fallback": run.fallback,
            "calibration": run.calibration,
            "parameters": run.parameters,
            "input_digest": run.input_digest,
            "result_digest": run.result_digest,
        },
        "log": {"origin": head.origin, "size": head.size, "root": head.root},
    }


def _classes_of(project: Project) -> list[Json]:
    """Return what a posterior counts; of marked parts it counts those of the answer itself."""
    kind, schema = task_type_of(project.task_type), project.answer_schema
    if isinstance(kind, NominalKind):
        return [*kind.classes(schema)]
    return [*kind.choices(schema)] if isinstance(kind, MultipleChoice) else []


def _describe(artifacts: ArtifactStore, content: bytes, n_rows: int) -> JsonObject:
    return {"digest": artifacts.put(content), "bytes": len(content), "rows": n_rows}


def _locked_data_set(uow: UnitOfWork, data_set_id: UUID) -> DataSet:
    statement = (
        select(DataSet)
        .where(DataSet.id == data_set_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return uow.session.exec(statement).one()


def _record(
    uow: UnitOfWork, actor: Actor, action: Action, data_set: DataSet, facts: JsonObject
) -> None:
    record(
        uow,
        actor,
        action,
        subject_type="data_set",
        subject_id=data_set.id,
        project_id=data_set.project_id,
        facts=facts,
    )
