"""What an officer searches the log for, from the form as typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from audit.actions import Action
from audit.models import Entry
from audit.searching import entries
from crowd.projects import project_by_slug
from folkmoot.identity.naming import account_called
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.pagination import Page, PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.naming import decision_called

NOBODY = UUID(int=2**128 - 1)  # fits no row, so that an unknown name finds nothing


@dataclass(frozen=True)
class LogFilters:
    """The search as typed; "" where nothing was."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    project: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "LogFilters":
        """Return what the address says."""
        return cls(**{name: query.get(name, "").strip() for name in cls.__dataclass_fields__})


def found_entries(uow: UnitOfWork, filters: LogFilters, *, wanted: PageRequest) -> Page[Entry]:
    """Return a page of the entries that fit; what cannot be understood fits nothing."""
    if filters.action and filters.action not in {*Action}:
        return Page([], None)
    last_day = _day(filters.until)
    return entries(
        uow,
        action=Action(filters.action) if filters.action else None,
        actor_id=account_called(uow, filters.actor) or NOBODY if filters.actor else None,
        subject_id=_subject(uow, filters.subject) or NOBODY if filters.subject else None,
        project_id=_project(uow, filters.project),
        since=_day(filters.since),
        until=last_day + timedelta(days=1) if last_day else None,
        wanted=wanted,
    )


def _subject(uow: UnitOfWork, typed: str) -> UUID | None:
    """Return a subject by its id, as a case, or as a person."""
    return decision_called(uow, typed) or account_called(uow, typed)


def _project(uow: UnitOfWork, slug: str) -> UUID | None:
    if not slug:
        return None
    try:
        return project_by_slug(uow, slug=slug).id
    except NotFound:
        return NOBODY


def _day(typed: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(typed), time.min, tzinfo=UTC)
    except ValueError:
        return None  # a browser's date field sends nothing else than a date, or nothing
