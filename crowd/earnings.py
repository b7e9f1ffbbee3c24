"""The pay ledger, as the annotator who earned it reads it: by day, and line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from crowd.models import EarningKind
from crowd.tables import EARNING, LABEL, LEASE, PROJECT, TASK
from folkmoot.kernel.unit_of_work import UnitOfWork

DAYS_ON_A_PAGE = 31
# What a few quick answers would come to in an hour says nothing about an hour.
FEWEST_SECONDS = 600


@dataclass(frozen=True)
class EarnedDay:
    """What an annotator earned in one project on one day, in UTC.

    n_labels: answers that were paid; what an appeal or a top-up brought is in the amount only.
    paid_minor: how much of it was handed to whoever pays.
    """

    day: date
    project_title: str
    n_labels: int
    amount_minor: int
    paid_minor: int
    currency: str


@dataclass(frozen=True)
class LedgerLine:
    """One amount and what it is paid for; `external_id` is empty where no task was answered."""

    earned_at: datetime
    project_slug: str
    external_id: str
    kind: EarningKind
    amount_minor: int
    currency: str
    payment_id: UUID | None


@dataclass(frozen=True)
class OwnRate:
    """What one annotator earned in one project.

    hourly_minor: by the hour of active work; None before ten minutes of it.
    """

    project_id: UUID
    project_title: str
    currency: str
    n_labels: int
    active_seconds: float
    earned_minor: int
    hourly_minor: int | None
    floor_minor: int | None


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
    answers = sa.func.count(sa.case((EARNING.c.kind == EarningKind.LABEL, 1)))
    paid = sa.func.sum(
        sa.case((EARNING.c.payment_id.is_not(None), EARNING.c.amount_minor), else_=0)
    )
    connection = uow.session.connection()
    statement = (
        sa.select(day, PROJECT.c.title, answers, amount, paid, EARNING.c.currency)
        .join_from(EARNING, PROJECT, PROJECT.c.id == EARNING.c.project_id)
        .where(is_mine, day.in_(connection.execute(days).scalars().all()))
        .group_by(day, PROJECT.c.id, PROJECT.c.title, EARNING.c.currency)
        .order_by(day.desc(), PROJECT.c.title)
    )
    return [
        EarnedDay(date.fromisoformat(on), title, count, int(earned), int(exported), currency)
        for on, title, count, earned, exported, currency in connection.execute(statement)
    ]


def earned_since(
    uow: UnitOfWork, *, annotator_id: UUID, since: datetime | None = None
) -> dict[str, int]:
    """Return what the ledger holds of an annotator by currency, from a moment on or in all."""
    statement = (
        sa.select(EARNING.c.currency, sa.func.sum(EARNING.c.amount_minor))
        .where(EARNING.c.annotator_id == annotator_id)
        .group_by(EARNING.c.currency)
    )
    if since is not None:
        statement = statement.where(EARNING.c.earned_at >= since)
    rows = uow.session.connection().execute(statement)
    return {currency: int(amount) for currency, amount in rows if amount}


def ledger_of(uow: UnitOfWork, *, annotator_id: UUID) -> Sequence[LedgerLine]:
    """Return every line that an annotator earned, oldest first."""
    statement = (
        sa.select(
            EARNING.c.earned_at,
            PROJECT.c.slug,
            sa.func.coalesce(TASK.c.external_id, ""),
            EARNING.c.kind,
            EARNING.c.amount_minor,
            EARNING.c.currency,
            EARNING.c.payment_id,
        )
        .join_from(EARNING, PROJECT, PROJECT.c.id == EARNING.c.project_id)
        .outerjoin(LEASE, LEASE.c.id == EARNING.c.lease_id)
        .outerjoin(TASK, TASK.c.id == LEASE.c.task_id)
        .where(EARNING.c.annotator_id == annotator_id)
        .order_by(EARNING.c.id)
    )
    return [LedgerLine(*row) for row in uow.session.connection().execute(statement)]


def own_rates(uow: UnitOfWork, *, annotator_id: UUID) -> Sequence[OwnRate]:
    """Return what one annotator earned and reached by the hour, for each project."""
    earned = _by_project(EARNING, sa.func.sum(EARNING.c.amount_minor), annotator_id).subquery()
    # Of an answer that was changed, the first one holds the time.
    work = (
        _by_project(LABEL, sa.func.count(), annotator_id)
        .add_columns(sa.func.sum(LABEL.c.active_seconds).label("seconds"))
        .where(LABEL.c.supersedes_id.is_(None), LABEL.c.lease_id.is_not(None))
        .subquery()
    )
    statement = (
        sa.select(
            PROJECT.c.id,
            PROJECT.c.title,
            PROJECT.c.currency,
            PROJECT.c.pay_floor_minor,
            work.c.amount.label("n_labels"),
            work.c.seconds,
            earned.c.amount,
        )
        .join_from(PROJECT, work, work.c.project_id == PROJECT.c.id)
        .join(earned, earned.c.project_id == PROJECT.c.id)
        .order_by(PROJECT.c.title, PROJECT.c.id)
    )
    rows = uow.session.connection().execute(statement)
    return [_own_rate(row) for row in rows]


def hourly_of(earned_minor: int, active_seconds: float) -> int | None:
    """Return what an hour came to, or None before ten minutes of active work."""
    if active_seconds < FEWEST_SECONDS:
        return None
    return round(earned_minor * 3600 / active_seconds)


def _by_project(
    table: sa.Table, amount: sa.ColumnElement[int], annotator_id: UUID
) -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(table.c.project_id, amount.label("amount"))
        .where(table.c.annotator_id == annotator_id)
        .group_by(table.c.project_id)
    )


def _own_rate(row: sa.Row[*tuple[object, ...]]) -> OwnRate:
    found = row._mapping
    return OwnRate(
        project_id=found["id"],
        project_title=found["title"],
        currency=found["currency"],
        n_labels=int(found["n_labels"]),
        active_seconds=float(found["seconds"]),
        earned_minor=int(found["amount"]),
        hourly_minor=hourly_of(int(found["amount"]), float(found["seconds"])),
        floor_minor=found["pay_floor_minor"],
    )
