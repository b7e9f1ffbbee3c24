"""Everything that is kept about one annotator, for themselves to take away.

Payloads of tasks are not theirs and stay out, as do the ids of other people. Why a task was
given is told once it is answered or skipped: gold must look like any other while it may be given
again.
"""

from collections.abc import Iterator
from datetime import date
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Mapped
from sqlmodel import SQLModel, col, select

from crowd.models import (
    AnnotatorPreferences,
    AnnotatorRecord,
    Appeal,
    Earning,
    Label,
    Lease,
    LeaseState,
    Project,
    Sitting,
    Suspicion,
    Task,
    WorkDay,
)
from crowd.suspicion_sentences import noticed
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

_WithTask: TypeAlias = type[Label] | type[Lease] | type[Appeal]
_InProject: TypeAlias = type[AnnotatorRecord] | type[Earning] | type[WorkDay]
_Order: TypeAlias = Mapped[UUID] | Mapped[date]

# The searcher's bookkeeping says nothing of a person, and the deciders' ids are not theirs.
_LEFT_OUT = {
    "annotator_id": True,
    "cursors": True,
    "searched_anew_at": True,
    "decided_by": True,
    "settled_by": True,
}

_MAY_COME_AGAIN = {LeaseState.HELD, LeaseState.RELEASED}
_TELLS_OF_GOLD = ("reason", "place_number", "suggestion_shown")


def own_data(uow: UnitOfWork, *, annotator_id: UUID) -> JsonObject:
    """Return all that the crowd's tables hold of one annotator, by table, oldest first."""
    of = _Reader(uow, annotator_id)
    return {
        "projects": list(of.by_project(AnnotatorRecord, col(AnnotatorRecord.project_id))),
        "labels": list(of.by_task(Label)),
        "leases": list(of.by_task(Lease)),
        "earnings": list(of.by_project(Earning, col(Earning.id))),
        "days": list(of.by_project(WorkDay, col(WorkDay.day))),
        "appeals": list(of.by_task(Appeal)),
        "noticed": list(of.noticed()),
        "preferences": of.single(AnnotatorPreferences),
        "sitting": of.single(Sitting),
    }


class _Reader:
    """Reads the rows of one annotator, with the names that a person knows things by."""

    def __init__(self, uow: UnitOfWork, annotator_id: UUID) -> None:
        self._session = uow.session
        self._annotator_id = annotator_id
        slugs = uow.session.exec(select(Project.id, Project.slug)).all()
        self._slugs = {str(project_id): slug for project_id, slug in slugs}

    def by_project(self, table: _InProject, order: _Order) -> Iterator[Json]:
        statement = select(table).where(table.annotator_id == self._annotator_id)
        for row in self._session.exec(statement.order_by(order)):
            yield self._shown(row)

    def by_task(self, table: _WithTask) -> Iterator[Json]:
        statement = (
            select(table, Task.external_id)
            .join(Task, col(Task.id) == table.task_id)
            .where(table.annotator_id == self._annotator_id)
            .order_by(col(table.id))
        )
        for row, external_id in self._session.exec(statement):
            shown = self._shown(row) | {"task": external_id}
            if isinstance(row, Lease) and row.state in _MAY_COME_AGAIN:
                for name in _TELLS_OF_GOLD:
                    del shown[name]
            yield shown

    def noticed(self) -> Iterator[Json]:
        statement = select(Suspicion).where(Suspicion.annotator_id == self._annotator_id)
        for row in self._session.exec(statement.order_by(col(Suspicion.id))):
            # In the words that the annotator reads: what was counted may tell of others.
            shown = self._shown(row) | {"noticed": noticed(row.pattern, row.evidence)}
            del shown["evidence"]
            yield shown

    def single(self, table: type[AnnotatorPreferences] | type[Sitting]) -> Json:
        row = self._session.get(table, self._annotator_id)
        return None if row is None else row.model_dump(mode="json", exclude=_LEFT_OUT)

    def _shown(self, row: SQLModel) -> JsonObject:
        shown = row.model_dump(mode="json", exclude=_LEFT_OUT)
        return shown | {"project": self._slugs[shown["project_id"]]}
