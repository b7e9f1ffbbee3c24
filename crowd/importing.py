"""Imports: files of tasks, read by a job in batches; a second run goes on where one ended."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select, update

from audit.actions import Action
from audit.recording import record
from crowd.adding_rows import AddedRows, add_rows
from crowd.models import ProjectState, TaskImport
from crowd.problem_files import (
    append_problems,
    forget_growing,
    header_alone,
    keep_problems,
    problems_path,
)
from crowd.projects import project_by_id
from crowd.task_files import Position, check_start, parse_rows
from crowd.task_rows import ReadRow, RowProblem, TaskRow
from crowd.workplace import Workplace
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.artifacts import ArtifactStore, ReceivedFile
from folkmoot.kernel.errors import Conflict, InvalidInput, NotFound
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.outbox import JobName, WorkState, request_job
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "AddedRows",
    "RowProblem",
    "TaskRow",
    "add_rows",
    "cancel_import",
    "fail_import",
    "import_by_id",
    "imports_of",
    "parse_rows",
    "problems_of",
    "request_import",
    "run_import",
    "unfinished_import",
]

# A batch is one transaction. While it runs SQLite lets nobody else write, and memory holds it.
_BATCH_ROWS = 2000
_BATCH_BYTES = 4 * 1024 * 1024
_MOST_PROBLEMS_KEPT = 1000


def request_import(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, file_name: str, file: ReceivedFile
) -> TaskImport:
    """Keep a file of tasks and ask for a job that reads it."""
    with file.open() as content:
        check_start(content, file_name)
    if project_by_id(uow, project_id=project_id).state is ProjectState.CLOSED:
        raise Conflict("This project is closed: it takes no more tasks.")
    wanted = TaskImport(
        project_id=project_id,
        file_name=file_name,
        file_digest=file.keep(),
        n_bytes=file.n_bytes,
        state=WorkState.REQUESTED,
        requested_by=actor.id,
        created_at=clock.now(),
    )
    uow.session.add(wanted)
    request_job(uow, JobName.IMPORT_TASKS, subject_id=wanted.id, requested_by=actor.id)
    return wanted


def import_by_id(uow: UnitOfWork, *, import_id: UUID) -> TaskImport:
    """Return an import and how far it is, or raise NotFound."""
    found = uow.session.get(TaskImport, import_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


def imports_of(uow: UnitOfWork, *, project_id: UUID, wanted: PageRequest) -> Page[TaskImport]:
    """Return one page of a project's imports, newest first."""
    statement = select(TaskImport).where(TaskImport.project_id == project_id)
    return page_by_id(uow, statement, key=TaskImport.id, wanted=wanted, newest_first=True)


def unfinished_import(uow: UnitOfWork, *, project_id: UUID, file_digest: str) -> TaskImport | None:
    """Return the import of this very file into a project that has not come to its end."""
    statement = select(TaskImport).where(
        TaskImport.project_id == project_id,
        TaskImport.file_digest == file_digest,
        TaskImport.state == WorkState.REQUESTED,
    )
    return uow.session.exec(statement.order_by(col(TaskImport.id).desc())).first()


def cancel_import(uow: UnitOfWork, actor: Actor, *, import_id: UUID) -> TaskImport:
    """Break an import off at its next batch; the tasks that it has added stay."""
    cancelled = _locked(uow, import_id)
    if cancelled.state is not WorkState.REQUESTED:
        raise Conflict("This import has come to its end.")
    cancelled.state = WorkState.CANCELLED
    uow.session.add(cancelled)
    record(
        uow,
        actor,
        Action.TASKS_IMPORT_CANCELLED,
        subject_type="import",
        subject_id=cancelled.id,
        project_id=cancelled.project_id,
        facts={"file_digest": cancelled.file_digest, "added": cancelled.added},
    )
    return cancelled


def problems_of(uow: UnitOfWork, artifacts: ArtifactStore, *, import_id: UUID) -> bytes | Path:
    """Return the refused rows as CSV (line, external_id, reason): the file, or a header alone."""
    wanted = import_by_id(uow, import_id=import_id)
    return problems_path(artifacts, wanted) if wanted.problems_bytes else header_alone()


def run_import(work: Workplace, *, import_id: UUID) -> None:
    """Read the file of an import and add its tasks, a batch in each transaction.

    Raise what is wrong with the file as a whole, once it stands on the import.
    """
    with work.reading() as uow:
        wanted = import_by_id(uow, import_id=import_id)
    if wanted.state is not WorkState.REQUESTED:
        return
    try:
        with work.artifacts.open(wanted.file_digest) as file:
            position = Position(wanted.rows_read, wanted.bytes_read)
            rows = parse_rows(file, wanted.file_name, after=position)
            _add_in_batches(work, wanted, rows)
    except Conflict:
        return  # another worker reads on, or a person broke it off
    except (InvalidInput, NotFound) as error:
        fail_import(work, import_id=import_id, reason=error.message)
        raise
    with work.unit_of_work() as uow:
        _finish(uow, work.artifacts, import_id)


def fail_import(work: Workplace, *, import_id: UUID, reason: str) -> None:
    """Say of an import that its file could not be read on; tasks added before stay."""
    with work.unit_of_work() as uow:
        failed = _locked(uow, import_id)
        failed.state = WorkState.FAILED
        failed.problems = [*failed.problems, {"line": 0, "reason": reason}]
        uow.session.add(failed)


def _locked(uow: UnitOfWork, import_id: UUID) -> TaskImport:
    statement = select(TaskImport).where(TaskImport.id == import_id).with_for_update()
    found = uow.session.exec(statement).first()
    if found is None:
        raise NotFound("There is no such import.")
    return found


def _add_in_batches(work: Workplace, wanted: TaskImport, rows: Iterator[ReadRow]) -> None:
    rows_read, began = wanted.rows_read, clock.now()
    for batch in _batches(rows, start=wanted.bytes_read):
        with work.unit_of_work() as uow:
            _advance(uow, wanted.id, rows_read, batch)
            _add_batch(uow, work.artifacts, wanted, batch, began=began)
        rows_read += len(batch)


def _batches(rows: Iterator[ReadRow], *, start: int) -> Iterator[list[ReadRow]]:
    """Yield rows in batches, of which none stands for much more than _BATCH_BYTES of the file."""
    while batch := list(islice(rows, 1)):
        for row in islice(rows, _BATCH_ROWS - 1):
            batch.append(row)
            if row.end - start >= _BATCH_BYTES:
                break
        start = batch[-1].end
        yield batch


def _advance(uow: UnitOfWork, import_id: UUID, rows_read: int, batch: Sequence[ReadRow]) -> None:
    """Move the import on, unless another worker has done so, or a person broke it off."""
    moved = uow.session.exec(
        update(TaskImport)
        .where(
            col(TaskImport.id) == import_id,
            col(TaskImport.rows_read) == rows_read,
            col(TaskImport.state) == WorkState.REQUESTED,
        )
        .values(rows_read=rows_read + len(batch), bytes_read=batch[-1].end)
    )
    if moved.rowcount == 0:
        raise Conflict("Another worker reads this file, or it was broken off.")


def _add_batch(
    uow: UnitOfWork,
    artifacts: ArtifactStore,
    wanted: TaskImport,
    batch: Sequence[ReadRow],
    *,
    began: datetime,
) -> None:
    rows = [row for row in batch if isinstance(row, TaskRow)]
    result = add_rows(uow, project_id=wanted.project_id, rows=rows)
    problems = [row for row in batch if isinstance(row, RowProblem)]
    problems += result.problems
    remarks = sorted([*problems, *result.changed], key=lambda remark: remark.line)
    now = uow.session.exec(select(TaskImport).where(TaskImport.id == wanted.id)).one()
    now.problems_bytes = append_problems(artifacts, now, remarks)
    now.problems = _told(now.problems, remarks)
    now.added += result.added
    now.known += result.known
    now.refused += len(problems)
    now.advanced_at = clock.now()
    now.started_at = now.started_at or began
    uow.session.add(now)


def _told(before: list[Json], remarks: Sequence[RowProblem]) -> list[Json]:
    room = max(0, _MOST_PROBLEMS_KEPT - len(before))
    told: list[Json] = [{"line": row.line, "reason": row.reason} for row in remarks[:room]]
    return [*before, *told] if told else before


def _finish(uow: UnitOfWork, artifacts: ArtifactStore, import_id: UUID) -> None:
    finished = _locked(uow, import_id)
    if finished.state is not WorkState.REQUESTED:
        return
    finished.state = WorkState.FINISHED
    finished.bytes_read = finished.n_bytes
    finished.problems_digest = keep_problems(artifacts, finished)
    uow.session.add(finished)
    uow.after_commit(lambda: forget_growing(artifacts, finished))
    record(
        uow,
        PLATFORM,
        Action.TASKS_IMPORTED,
        subject_type="import",
        subject_id=finished.id,
        project_id=finished.project_id,
        facts={
            "file_digest": finished.file_digest,
            "added": finished.added,
            "known": finished.known,
            "refused": finished.refused,
            "requested_by": str(finished.requested_by),
        },
    )
