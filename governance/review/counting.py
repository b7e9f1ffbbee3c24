"""How much waits in the reviewers' queue, and how a reviewer stands beside the team."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low, quantiles
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from folkmoot.kernel import clock
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Act, Decision, DecisionState, Review

# Fewer reviewers, or fewer acts of one, would show who somebody is, or only chance.
FEWEST_REVIEWERS = 4
FEWEST_ACTS = 10


@dataclass(frozen=True)
class QueueCounts:
    """What waits for a person, and what one reviewer has decided since midnight UTC."""

    waiting: int
    high_stakes: int
    overdue: int
    decided_today: int


@dataclass(frozen=True)
class TeamRange:
    """The middle half of the reviewers; None where too few have acted to say it."""

    reviewers: int
    override_low: float | None = None
    override_high: float | None = None
    seconds_low: float | None = None
    seconds_high: float | None = None


def queue_counts(
    uow: UnitOfWork, *, reviewer_id: UUID, project_id: UUID | None = None
) -> QueueCounts:
    """Count what waits, and what a reviewer has decided today."""
    held = [col(Decision.state) == DecisionState.HELD]
    if project_id is not None:
        held.append(col(Decision.project_id) == project_id)
    waiting, high_stakes, overdue = uow.session.exec(
        select(
            sa.func.count(),
            sa.func.count().filter(col(Decision.is_high_stakes)),
            sa.func.count().filter(col(Decision.due_at) < clock.now()),
        ).where(*held)
    ).one()
    return QueueCounts(waiting, high_stakes, overdue, _decided_today(uow, reviewer_id))


def team_range(uow: UnitOfWork) -> TeamRange:
    """Return how the middle half of the reviewers decide; never who."""
    rows = uow.session.exec(
        select(col(Review.reviewer_id), col(Review.act), col(Review.seconds)).where(
            col(Review.act) != Act.REVERSE
        )
    )
    by_reviewer: dict[UUID, list[tuple[Act, float]]] = {}
    for reviewer_id, act, seconds in rows:
        by_reviewer.setdefault(reviewer_id, []).append((act, seconds))
    acts = [found for found in by_reviewer.values() if len(found) >= FEWEST_ACTS]
    if len(acts) < FEWEST_REVIEWERS:
        return TeamRange(len(acts))
    shares = [sum(act is Act.OVERRIDE for act, _seconds in each) / len(each) for each in acts]
    times = [median_low(seconds for _act, seconds in each) for each in acts]
    return TeamRange(len(acts), *_middle_half(shares), *_middle_half(times))


def latest_reviews(
    uow: UnitOfWork, *, reviewer_id: UUID, limit: int = 10
) -> Sequence[tuple[Review, Decision]]:
    """Return a reviewer's latest acts with their decisions, the newest first."""
    return uow.session.exec(
        select(Review, Decision)
        .join(Decision, col(Decision.id) == col(Review.decision_id))
        .where(col(Review.reviewer_id) == reviewer_id)
        .order_by(col(Review.id).desc())
        .limit(limit)
    ).all()


def _decided_today(uow: UnitOfWork, reviewer_id: UUID) -> int:
    return uow.session.exec(
        select(sa.func.count())
        .select_from(Review)
        .where(
            col(Review.reviewer_id) == reviewer_id,
            col(Review.decided_at) >= _midnight(clock.now()),
        )
    ).one()


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _middle_half(values: Sequence[float]) -> tuple[float, float]:
    low, _middle, high = quantiles(values, n=4, method="inclusive")
    return low, high
