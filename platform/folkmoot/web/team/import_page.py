"""A project's imports: how far each file is read, how fast, and what became of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from crowd.importing import imports_of
from crowd.models import ProjectState, TaskImport
from crowd.projects import project_by_slug
from folkmoot.kernel.outbox import WorkState, failure_of
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.paging import Pagination, pagination_of

IMPORTS = 20
MOST_PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class ImportProject:
    """The project that the page belongs to."""

    slug: str
    title: str
    takes_tasks: bool


class ToldRow(BaseModel):
    """One row that was refused or left out, as an import keeps it."""

    line: int
    reason: str


@dataclass(frozen=True)
class ImportProgress:
    """One import. `more_problems` counts those that are not listed here, but in the file."""

    id: UUID
    file_name: str
    state: str
    at: datetime
    percent: int
    size_text: str
    rows_read: int
    rows_per_second: int | None
    added: int
    known: int
    refused: int
    problems: Sequence[ToldRow]
    more_problems: int
    has_file: bool
    failure: str


@dataclass(frozen=True)
class ImportsView:
    """Everything on the page."""

    project: ImportProject
    imports: Sequence[ImportProgress]
    page: Pagination
    import_error: str | None


def imports_view_of(
    uow: UnitOfWork, slug: str, *, wanted: PageRequest, import_error: str | None = None
) -> ImportsView:
    """Read what the page shows."""
    project = project_by_slug(uow, slug=slug)
    found = imports_of(uow, project_id=project.id, wanted=wanted)
    takes_tasks = project.state is not ProjectState.CLOSED
    return ImportsView(
        project=ImportProject(project.slug, project.title, takes_tasks),
        imports=[progress_of(uow, each) for each in found.items],
        page=pagination_of(found.mapped(str)),
        import_error=import_error,
    )


def progress_of(uow: UnitOfWork, each: TaskImport) -> ImportProgress:
    """Return one import as the page shows it."""
    told = [ToldRow.model_validate(problem) for problem in each.problems]
    shown = told[:MOST_PROBLEMS_SHOWN]
    return ImportProgress(
        id=each.id,
        file_name=each.file_name,
        state=each.state.value,
        at=each.created_at,
        percent=percent_read(each),
        size_text=size_text(each.n_bytes),
        rows_read=each.rows_read,
        rows_per_second=rows_per_second(each),
        added=each.added,
        known=each.known,
        refused=each.refused,
        problems=shown,
        # Rows of tasks that were there already are told of besides those that are refused.
        more_problems=max(each.refused, len(told)) - len(shown),
        has_file=each.problems_bytes > 0,
        failure=failure_of(uow, subject_id=each.id) if each.state is WorkState.FAILED else "",
    )


def percent_read(each: TaskImport) -> int:
    """Return how much of the file is read, 0 to 100."""
    return min(100, each.bytes_read * 100 // each.n_bytes) if each.n_bytes else 0


def rows_per_second(each: TaskImport) -> int | None:
    """Return how fast the file is or was read; None before the first batch."""
    if each.started_at is None or each.advanced_at is None:
        return None
    seconds = (each.advanced_at - each.started_at).total_seconds()
    return round(each.rows_read / seconds) if seconds > 0 else None


def size_text(n_bytes: int) -> str:
    """Return a file's size in words, such as 12.3 MB."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
