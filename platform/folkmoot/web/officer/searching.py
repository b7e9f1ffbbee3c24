"""What an officer searches the log for, from the form as typed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from audit.actions import Action
from audit.searching import Search
from crowd.projects import project_by_slug
from folkmoot.identity.naming import accounts_called
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.fates import FATES, OVERDUE, states_of
from governance.naming import subjects_called
from governance.overview import Period, decisions_of

NOBODY = UUID(int=2**128 - 1)  # fits no row, so that an unknown name finds nothing
# What ends the name of a kind of action, to mean all of that kind: `review.*`.
ALL_OF = "*"
WAITING = "waiting"
ACTIONS = frozenset(action.value for action in Action)


@dataclass(frozen=True)
class LogFilters:
    """The search as typed; "" where nothing was.

    `fate` and `decided` come from the figures of the overview: what became of a decision, and the
    first day on which it was made. `state` is "waiting" for what has no place in the tree yet.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    project: str = ""
    since: str = ""
    until: str = ""
    fate: str = ""
    decided: str = ""
    state: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "LogFilters":
        """Return what the address says."""
        return cls(**{name: query.get(name, "").strip() for name in cls.__dataclass_fields__})

    @property
    def is_narrow(self) -> bool:
        """Say whether anything is asked for."""
        return any(vars(self).values())

    @property
    def of_figure(self) -> str:
        """Say in words what the figure counted that led here; "" where none did."""
        if self.state == WAITING:
            return "Only entries that wait for their place in the tree"
        if not (self.fate or self.decided):
            return ""
        day = day_of(self.decided)
        became = FATES[self.fate].words if self.fate in FATES else ""
        if self.fate == OVERDUE:
            became = "that wait for a human past their time"
        made = f"made since {day:%d %B %Y}" if day else ""
        return " ".join(part for part in ("Only decisions", became, made) if part)


def search_of(uow: UnitOfWork, filters: LogFilters) -> Search:
    """Return the search that the form means; what cannot be understood fits nothing."""
    last_day = day_of(filters.until)
    return Search(
        actions=_actions(filters.action),
        actor_ids=_or_nobody(accounts_called(uow, filters.actor)) if filters.actor else None,
        subject_ids=_subjects(uow, filters),
        project_id=_project(uow, filters.project),
        since=day_of(filters.since),
        until=last_day + timedelta(days=1) if last_day else None,
        only_waiting=filters.state == WAITING,
    )


def day_of(typed: str) -> datetime | None:
    """Return when a day begins, in UTC; None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(typed), time.min, tzinfo=UTC)
    except ValueError:
        return None  # a browser's date field sends nothing else than a date, or nothing


def _actions(typed: str) -> Collection[Action] | None:
    if not typed:
        return None
    if typed.endswith(f".{ALL_OF}"):
        return [action for action in Action if action.value.startswith(typed[:-1])]
    return [Action(typed)] if typed in ACTIONS else []


def _subjects(
    uow: UnitOfWork, filters: LogFilters
) -> Collection[UUID] | SelectOfScalar[UUID] | None:
    """Return subjects by name or id; else the decisions that a figure counted."""
    if filters.subject:
        typed = filters.subject
        return _or_nobody(subjects_called(uow, typed) | accounts_called(uow, typed))
    if not (filters.fate or filters.decided):
        return None
    return decisions_of(
        Period(since=day_of(filters.decided)),
        states=states_of(filters.fate),
        only_overdue=filters.fate == OVERDUE,
    )


def _or_nobody(found: Collection[UUID]) -> Collection[UUID]:
    return found or [NOBODY]


def _project(uow: UnitOfWork, slug: str) -> UUID | None:
    if not slug:
        return None
    try:
        return project_by_slug(uow, slug=slug).id
    except NotFound:
        return NOBODY
