"""Imports: files of tasks, read by a job in batches; a second run goes on where one ended."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlmodel import col, select, update

from audit.actions import Action
from audit.recording import record
from crowd.adding_rows import AddedRows, add_rows
from crowd.models import ProjectState, TaskImport
from crowd.projects import project_by_id
from crowd.task_files import check_start, parse_rows
from crowd.task_rows import RowProblem, TaskRow
from crowd.workplace import Workplace
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.artifacts import ArtifactStore
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
    "fail_import",
    "import_by_id",
    "imports_of",
    "parse_rows",
    "request_import",
    "run_import",
]

_BATCH = 500
_MOST_PROBLEMS_KEPT = 1000

_Item = TypeVar("_Item")


def request_import(
    uow: UnitOfWork,
    actor: Actor,
    *,
    project_id: UUID,
    file_name: str,
    content: bytes,
    artifacts: ArtifactStore,
) -> TaskImport:
    """Keep a file of tasks and ask for a job that reads it."""
    check_start(content, file_name)
    digest = artifacts.put(content)
    if project_by_id(uow, project_id=project_id).state is ProjectState.CLOSED:
        raise Conflict("This project is closed: it takes no more tasks.")
    wanted = TaskImport(
        project_id=project_id,
        file_name=file_name,
        file_digest=digest,
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


def run_import(work: Workplace, *, import_id: UUID) -> None:
    """Read the file of an import and add its tasks, a batch in each transaction.

    Raise what is wrong with the file as a whole, once it stands on the import.
    """
    with work.reading() as uow:
        wanted = import_by_id(uow, import_id=import_id)
    if wanted.state is not WorkState.REQUESTED:
        return
    try:
        rows = parse_rows(work.artifacts.get(wanted.file_digest), wanted.file_name)
        _add_in_batches(work, wanted, islice(rows, wanted.rows_read, None))
    except Conflict:
        return  # another worker reads on
    except (InvalidInput, NotFound) as error:
        fail_import(work, import_id=import_id, reason=error.message)
        raise
    with work.unit_of_work() as uow:
        _finish(uow, import_id)


def fail_import(work: Workplace, *, import_id: UUID, reason: str) -> None:
    """Say of an import that its file could not be read; tasks added before stay."""
    with work.unit_of_work() as uow:
        failed = import_by_id(uow, import_id=import_id)
        failed.state = WorkState.FAILED
        failed.problems = [*failed.problems, {"line": 0, "reason": reason}]
        uow.session.add(failed)


def _add_in_batches(
    work: Workplace, wanted: TaskImport, rows: Iterator[TaskRow | RowProblem]
) -> None:
    rows_read = wanted.rows_read
    for batch in _batches(rows, _BATCH):
        with work.unit_of_work() as uow:
            _advance(uow, wanted.id, rows_read, len(batch))
            _add_batch(uow, wanted, batch)
        rows_read += len(batch)


def _advance(uow: UnitOfWork, import_id: UUID, rows_read: int, more: int) -> None:
    """Move the import on, unless another worker has done so in the meantime."""
    moved = uow.session.exec(
        update(TaskImport)
        .where(col(TaskImport.id) == import_id, col(TaskImport.rows_read) == rows_read)
        .values(rows_read=rows_read + more)
    )
    if moved.rowcount == 0:
        raise Conflict("Another worker reads this file.")


def _add_batch(uow: UnitOfWork, wanted: TaskImport, batch: Sequence[TaskRow | RowProblem]) -> None:
    rows = [row for row in batch if isinstance(row, TaskRow)]
    result = add_rows(uow, project_id=wanted.project_id, rows=rows)
    problems = [row for row in batch if isinstance(row, RowProblem)]
    problems += result.problems
    remarks = sorted([*problems, *result.changed], key=lambda remark: remark.line)
    now = uow.session.exec(select(TaskImport).where(TaskImport.id == wanted.id)).one()
    room = max(0, _MOST_PROBLEMS_KEPT - len(now.problems))
    told: list[Json] = [{"line": row.line, "reason": row.reason} for row in remarks[:room]]
    now.added += result.added
    now.known += result.known
    now.refused += len(problems)
    now.problems = [*now.problems, *told]
    uow.session.add(now)


def _finish(uow: UnitOfWork, import_id: UUID) -> None:
    finished = import_by_id(uow, import_id=import_id)
    finished.state = WorkState.FINISHED
    uow.session.add(finished)
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


def _batches(items: Iterator[_Item], size: int) -> Iterator[list[_Item]]:
    while batch := list(islice(items, size)):
        yield batch
