"""The pay ledger, as the annotator who earned it reads it: by day, and line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from crowd.tables import EARNING, LEASE, PROJECT, TASK
from folkmoot.kernel.unit_of_work import UnitOfWork

DAYS_ON_A_PAGE = 31


@dataclass(frozen=True)
class EarnedDay:
    """What an annotator earned in one project on one day, in UTC."""

    day: date
    project_title: str
    n_labels: int
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class LedgerLine:
    """What was earned with one answer."""

    earned_at: datetime
    project_slug: str
    external_id: str
    amount_minor: int
    currency: str


def earnings_by_day(
    uow: UnitOfWork, *, annotator_id: UUID, before: date | None = None
) -> Sequence[EarnedDay]:
    """Return what the latest 31 days of work earned, newest first; none from `before` on."""
    day = sa.cast(sa.func.date(EARNING.c.earned_at), sa.String)
    is_mine = EARNING.c.annotator_id == annotator_id
    days = sa.select(day).where(is_mine).distinct().order_by(day.desc()).limit(DAYS_ON_A_PAGE)
    if before is not None:
        days = days.where(day < before.isoformat())
    amount = sa.func.sum(EARNING.c.amount_minor)
    connection = uow.session.connection()
    statement = (
        sa.select(day, PROJECT.c.title, sa.func.count(), amount, EARNING.c.currency)
        .join_from(EARNING, PROJECT, PROJECT.c.id == EARNING.c.project_id)
        .where(is_mine, day.in_(connection.execute(days).scalars().all()))
        .group_by(day, PROJECT.c.id, PROJECT.c.title, EARNING.c.currency)
        .order_by(day.desc(), PROJECT.c.title)
    )
    return [
        EarnedDay(date.fromisoformat(on), title, count, int(earned), currency)
        for on, title, count, earned, currency in connection.execute(statement)
    ]


def ledger_of(uow: UnitOfWork, *, annotator_id: UUID) -> Sequence[LedgerLine]:
    """Return every line that an annotator earned, oldest first."""
    statement = (
        sa.select(
            EARNING.c.earned_at,
            PROJECT.c.slug,
            TASK.c.external_id,
            EARNING.c.amount_minor,
            EARNING.c.currency,
        )
        .join_from(EARNING, PROJECT, PROJECT.c.id == EARNING.c.project_id)
        .join(LEASE, LEASE.c.id == EARNING.c.lease_id)
        .join(TASK, TASK.c.id == LEASE.c.task_id)
        .where(EARNING.c.annotator_id == annotator_id)
        .order_by(EARNING.c.id)
    )
    return [LedgerLine(*row) for row in uow.session.connection().execute(statement)]
