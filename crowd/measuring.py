"""Measure what a crowd did: against outcomes, against its own history, annotator by annotator."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from crowd.models import (
    AnnotatorReliability,
    Consensus,
    ConsensusRun,
    Label,
    Lease,
    LeaseState,
    Origin,
    Outcome,
    Place,
    Project,
    Task,
)
from crowd.projects import project_by_id
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Accuracy:
    """How often answers equal the recorded outcomes, with a 95 % Clopper–Pearson interval."""

    n_cases: int
    n_right: int
    accuracy: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Integrity:
    """What a recount of a project's whole history finds; every number should be 0."""

    places_handed_out_twice: int
    tasks_over_ceiling: int
    labels_lost: int


def accuracy_of(uow: UnitOfWork, *, run_id: UUID) -> Accuracy:
    """Compare a run's answers of the crowd with the outcomes recorded since.

    Gold tasks are left out: their answers were given to the run.
    """
    if uow.session.get(ConsensusRun, run_id) is None:
        raise NotFound("There is no such consensus run.")
    statement = (
        select(Consensus.answer, Outcome.answer)
        .join(Task, col(Task.id) == col(Consensus.task_id))
        .join(
            Outcome,
            sa.and_(
                col(Outcome.project_id) == col(Task.project_id),
                col(Outcome.external_id) == col(Task.external_id),
            ),
        )
        .where(
            col(Consensus.run_id) == run_id,
            col(Task.origin) == Origin.CROWD,
            col(Task.gold_answer).is_(None),
        )
    )
    answers = uow.session.exec(statement).all()
    return _accuracy(sum(said == true for said, true in answers), len(answers))


def reliabilities_of(uow: UnitOfWork, *, run_id: UUID) -> Sequence[AnnotatorReliability]:
    """Return how reliable each annotator was found to be in a run, the least reliable first."""
    statement = (
        select(AnnotatorReliability)
        .where(col(AnnotatorReliability.run_id) == run_id)
        .order_by(col(AnnotatorReliability.reliability), col(AnnotatorReliability.annotator_id))
    )
    return uow.session.exec(statement).all()


def labels_of(uow: UnitOfWork, *, project_id: UUID, wanted: PageRequest) -> Page[Label]:
    """Return one page of a project's labels, in the order in which they came."""
    project_by_id(uow, project_id=project_id)
    statement = select(Label).where(col(Label.project_id) == project_id)
    return page_by_id(uow, statement, key=Label.id, wanted=wanted)


def counted_integrity(uow: UnitOfWork, *, project_id: UUID) -> Integrity:
    """Recount from leases and labels, not from what the engine keeps about them."""
    project = project_by_id(uow, project_id=project_id)
    return Integrity(
        places_handed_out_twice=_overlapping_leases(uow, project_id),
        tasks_over_ceiling=_tasks_over(uow, project),
        labels_lost=_answered_without_label(uow, project_id),
    )


def _accuracy(n_right: int, n_cases: int) -> Accuracy:
    if n_cases == 0:
        return Accuracy(0, 0, None, None, None)
    from scipy.stats import binomtest  # noqa: PLC0415  # heavy; the web starts without it

    interval = binomtest(n_right, n_cases).proportion_ci(method="exact")
    return Accuracy(n_cases, n_right, n_right / n_cases, float(interval.low), float(interval.high))


def _overlapping_leases(uow: UnitOfWork, project_id: UUID) -> int:
    """Count leases of a place that were given while another annotator's lease of it held.

    A lease that was skipped or released ended before its time, and its place was free.
    """
    earlier, later = aliased(Lease), aliased(Lease)
    statement = (
        select(func.count())
        .select_from(earlier)
        .join(
            later,
            sa.and_(
                col(later.task_id) == col(earlier.task_id),
                col(later.place_number) == col(earlier.place_number),
                col(later.id) != col(earlier.id),
                col(later.given_at) >= col(earlier.given_at),
                col(later.given_at) < col(earlier.expires_at),
            ),
        )
        .where(
            col(earlier.project_id) == project_id,
            col(earlier.state).in_([LeaseState.HELD, LeaseState.LABELLED]),
        )
    )
    return uow.session.exec(statement).one()


def _tasks_over(uow: UnitOfWork, project: Project) -> int:
    """Count tasks, gold left out, with more accepted labels than their ceiling."""
    crowded = (
        select(Label.task_id)
        .join(Task, col(Task.id) == col(Label.task_id))
        .where(
            col(Label.project_id) == project.id,
            col(Label.is_current),
            col(Label.place_number).is_not(None),
            col(Label.origin) == Origin.CROWD,
            col(Task.gold_answer).is_(None),
        )
        .group_by(col(Label.task_id))
        .having(func.count() > project.ceiling)
    )
    return uow.session.exec(select(func.count()).select_from(crowded.subquery())).one()


def _answered_without_label(uow: UnitOfWork, project_id: UUID) -> int:
    """Count leases that were answered, and places that were filled, without their label."""
    unanswered = select(func.count()).where(
        col(Lease.project_id) == project_id,
        col(Lease.state) == LeaseState.LABELLED,
        col(Lease.id).not_in(select(Label.lease_id).where(col(Label.lease_id).is_not(None))),
    )
    hollow = select(func.count()).where(
        col(Place.project_id) == project_id,
        col(Place.label_id).is_not(None),
        col(Place.label_id).not_in(select(Label.id)),
    )
    return uow.session.exec(unanswered).one() + uow.session.exec(hollow).one()
