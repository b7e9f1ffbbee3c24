"""What an officer, and each reviewer about themselves, sees of decisions and reviews."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from crowd.models import Outcome
from folkmoot.kernel import clock
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.fairness.estimates import Figure
from governance.models import Act, Decision, DecisionState, Review


@dataclass(frozen=True)
class Period:
    """Which decisions count: of one project or of all, made at or after, and before."""

    project_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on decisions."""
        found: list[sa.ColumnElement[bool]] = []
        if self.project_id is not None:
            found.append(col(Decision.project_id) == self.project_id)
        if self.since is not None:
            found.append(col(Decision.created_at) >= self.since)
        if self.until is not None:
            found.append(col(Decision.created_at) < self.until)
        return found


@dataclass(frozen=True)
class OverrideQuality:
    """How often overrides turned out right, among those whose outcome is known."""

    known: int
    overrides_right: int
    model_right: int


@dataclass(frozen=True)
class Oversight:
    """What became of decisions; `override_rate` is of all first reviews of held decisions."""

    by_state: dict[DecisionState, int]
    by_day: list[tuple[date, DecisionState, int]]
    by_act: dict[Act, int]
    by_reason: dict[str, int]
    override_rate: Figure
    override_quality: OverrideQuality
    median_seconds: float | None
    overdue: int

    @property
    def decisions(self) -> int:
        """Return how many decisions there are."""
        return sum(self.by_state.values())


@dataclass(frozen=True)
class OwnOversight:
    """A reviewer's own acts; shown to them, never as a league table."""

    by_act: dict[Act, int]
    override_rate: Figure
    median_seconds: float | None


ALL = Period()


def oversight(uow: UnitOfWork, *, period: Period = ALL) -> Oversight:
    """Return what became of the decisions of a period."""
    reviewed = _of_period(period)
    by_act = _by_act(uow, reviewed)
    return Oversight(
        by_state=_by_state(uow, period),
        by_day=_by_day(uow, period),
        by_act=by_act,
        by_reason=_by_reason(uow, reviewed),
        override_rate=_override_rate(by_act),
        override_quality=_override_quality(uow, reviewed),
        median_seconds=_median_seconds(uow, reviewed),
        overdue=_overdue(uow, period),
    )


def decisions_of(
    period: Period,
    *,
    states: Collection[DecisionState] | None = None,
    only_overdue: bool = False,
) -> SelectOfScalar[UUID]:
    """Return the ids of the decisions that a figure of `oversight` counts, as a query."""
    wanted = select(Decision.id).where(*period.conditions())
    if states is not None:
        wanted = wanted.where(col(Decision.state).in_(states))
    return wanted.where(*_overdue_now()) if only_overdue else wanted


def own_oversight(uow: UnitOfWork, *, reviewer_id: UUID) -> OwnOversight:
    """Return what a reviewer has done."""
    own = col(Review.reviewer_id) == reviewer_id
    by_act = _by_act(uow, own)
    return OwnOversight(by_act, _override_rate(by_act), _median_seconds(uow, own))


def _of_period(period: Period) -> sa.ColumnElement[bool]:
    return col(Review.decision_id).in_(select(Decision.id).where(*period.conditions()))


def _by_state(uow: UnitOfWork, period: Period) -> dict[DecisionState, int]:
    counted = uow.session.exec(
        select(col(Decision.state), sa.func.count())
        .where(*period.conditions())
        .group_by(col(Decision.state))
    )
    return {**dict.fromkeys(DecisionState, 0), **dict(counted.all())}


def _by_day(uow: UnitOfWork, period: Period) -> list[tuple[date, DecisionState, int]]:
    day = sa.func.date(col(Decision.created_at))
    counted = uow.session.exec(
        select(day, col(Decision.state), sa.func.count())
        .where(*period.conditions())
        .group_by(day, col(Decision.state))
        .order_by(day, col(Decision.state))
    )
    # SQLite gives the day as text, PostgreSQL as a date.
    return [(date.fromisoformat(str(when)), state, count) for when, state, count in counted]


def _by_act(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> dict[Act, int]:
    counted = uow.session.exec(
        select(col(Review.act), sa.func.count()).where(which).group_by(col(Review.act))
    )
    return {**dict.fromkeys(Act, 0), **dict(counted.all())}


def _by_reason(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for codes in uow.session.exec(select(Review.reason_codes).where(which)):
        for code in codes:
            counts[code] = counts.get(code, 0) + 1
    return counts


def _override_rate(by_act: dict[Act, int]) -> Figure:
    """Return overrides among the acts on held decisions; a reversal is of another kind."""
    # Loading SciPy takes a second: only a process that shows this figure pays for it.
    from governance.fairness.estimates import Estimate, NotEstimable, Reason  # noqa: PLC0415
    from governance.fairness.intervals import Share, clopper_pearson  # noqa: PLC0415

    acts = by_act[Act.CONFIRM] + by_act[Act.OVERRIDE] + by_act[Act.DISREGARD]
    if acts == 0:
        return NotEstimable(Reason.NO_CASES, n=0, people=0)
    share = Share(by_act[Act.OVERRIDE], acts)
    ends = clopper_pearson(share)
    return Estimate(share.rate, ends.low, ends.high, acts)


def _override_quality(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> OverrideQuality:
    rows = uow.session.exec(
        select(Review, Outcome)
        .join(Decision, col(Decision.id) == col(Review.decision_id))
        .join(
            Outcome,
            sa.and_(
                col(Outcome.project_id) == col(Decision.project_id),
                col(Outcome.external_id) == col(Decision.case_ref),
            ),
        )
        .where(which, col(Review.act) == Act.OVERRIDE)
    ).all()
    true_answers: list[tuple[Review, Json]] = [(review, found.answer) for review, found in rows]
    return OverrideQuality(
        known=len(true_answers),
        overrides_right=sum(review.after == true for review, true in true_answers),
        model_right=sum(review.before == true for review, true in true_answers),
    )


def _median_seconds(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> float | None:
    """Return the median time between showing a case and the act on it (the lower of two)."""
    n_reviews = uow.session.exec(select(sa.func.count()).select_from(Review).where(which)).one()
    if n_reviews == 0:
        return None
    return uow.session.exec(
        select(Review.seconds)
        .where(which)
        .order_by(col(Review.seconds))
        .offset((n_reviews - 1) // 2)
        .limit(1)
    ).one()


def _overdue(uow: UnitOfWork, period: Period) -> int:
    return uow.session.exec(
        select(sa.func.count()).select_from(Decision).where(*period.conditions(), *_overdue_now())
    ).one()


def _overdue_now() -> list[sa.ColumnElement[bool]]:
    return [col(Decision.state) == DecisionState.HELD, col(Decision.due_at) < clock.now()]
