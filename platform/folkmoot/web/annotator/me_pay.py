"""What the annotator's own page shows of pay and time: sums, the ledger, what an hour came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from flask import url_for

from crowd.annotating import today_of, work_of
from crowd.earnings import (
    DAYS_ON_A_PAGE,
    EarnedDay,
    OwnRate,
    earned_since,
    earnings_by_day,
    own_rates,
)
from crowd.offers import sensitive_today
from crowd.sitting_times import BREAK
from crowd.sittings import sitting_of
from folkmoot.kernel import clock
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.money import money_text, sums_text
from folkmoot.web.paging import Pagination


@dataclass(frozen=True)
class Totals:
    """What was earned and worked, today, this week and ever."""

    today_text: str
    week_text: str
    earned_text: str
    labels: int
    hours_text: str
    today_hours_text: str


@dataclass(frozen=True)
class LedgerRow:
    """What one project earned on one day; `payment` says how much of it the payer was told of."""

    day: date
    project: str
    labels: int
    amount_text: str
    payment: str


@dataclass(frozen=True)
class RateRow:
    """What an hour of one's own work came to in a project, beside what was promised.

    is_below: it came to less than the project promised.
    """

    project: str
    hourly_text: str | None
    floor_text: str | None
    is_below: bool
    labels: int
    hours_text: str


@dataclass(frozen=True)
class TimeView:
    """How long one has been at it; `since_break` is "" where nobody works just now."""

    since_break: str
    sitting: str
    has_worked: bool
    sensitive_today: int


@dataclass(frozen=True)
class PayView:
    """Everything about pay and time."""

    totals: Totals
    time: TimeView
    rates: Sequence[RateRow]
    ledger: Sequence[LedgerRow]
    ledger_page: Pagination


def pay_view_of(uow: UnitOfWork, annotator_id: UUID, *, before: date | None) -> PayView:
    """Return pay and time, with the earnings before a day or the latest."""
    days = earnings_by_day(uow, annotator_id=annotator_id, before=before)
    return PayView(
        totals=_totals(uow, annotator_id),
        time=_time(uow, annotator_id),
        rates=[_rate_row(rate) for rate in own_rates(uow, annotator_id=annotator_id)],
        ledger=[_ledger_row(day) for day in days],
        ledger_page=_pages(days, before),
    )


def hours_text(seconds: float) -> str:
    """Return a duration in words."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _totals(uow: UnitOfWork, annotator_id: UUID) -> Totals:
    midnight = datetime.combine(clock.now().date(), time.min, tzinfo=UTC)
    monday = midnight - timedelta(days=midnight.weekday())
    today = today_of(uow, annotator_id=annotator_id)
    ever = work_of(uow, annotator_id=annotator_id)
    return Totals(
        today_text=_earned(uow, annotator_id, since=midnight),
        week_text=_earned(uow, annotator_id, since=monday),
        earned_text=_earned(uow, annotator_id, since=None),
        labels=ever.n_labels,
        hours_text=hours_text(ever.active_seconds),
        today_hours_text=hours_text(today.active_seconds),
    )


def _earned(uow: UnitOfWork, annotator_id: UUID, *, since: datetime | None) -> str:
    # By the ledger: what an appeal brought belongs to no day of work.
    sums = earned_since(uow, annotator_id=annotator_id, since=since)
    return sums_text(sums, otherwise="nothing yet")


def _time(uow: UnitOfWork, annotator_id: UUID) -> TimeView:
    sensitive = sensitive_today(uow, annotator_id=annotator_id)
    sitting = sitting_of(uow, annotator_id=annotator_id)
    if sitting is None or clock.now() - sitting.last_beat_at >= BREAK:
        return TimeView("", "", has_worked=sitting is not None, sensitive_today=sensitive)
    return TimeView(
        since_break=hours_text(sitting.seconds_since_break),
        sitting=hours_text(sitting.active_seconds),
        has_worked=True,
        sensitive_today=sensitive,
    )


def _rate_row(rate: OwnRate) -> RateRow:
    hourly, floor = rate.hourly_minor, rate.floor_minor
    return RateRow(
        project=rate.project_title,
        hourly_text=None if hourly is None else money_text(hourly, rate.currency),
        floor_text=None if floor is None else money_text(floor, rate.currency),
        is_below=hourly is not None and floor is not None and hourly < floor,
        labels=rate.n_labels,
        hours_text=hours_text(rate.active_seconds),
    )


def _ledger_row(day: EarnedDay) -> LedgerRow:
    amount = money_text(day.amount_minor, day.currency)
    return LedgerRow(day.day, day.project_title, day.n_labels, amount, _payment(day))


def _payment(day: EarnedDay) -> str:
    if day.paid_minor == 0:
        return "" if day.amount_minor == 0 else "not yet"
    if day.paid_minor == day.amount_minor:
        return "sent"
    return f"{money_text(day.paid_minor, day.currency)} sent"


def _pages(days: Sequence[EarnedDay], before: date | None) -> Pagination:
    is_full = len({day.day for day in days}) == DAYS_ON_A_PAGE
    return Pagination(
        previous_url=url_for("annotator.me") if before else None,
        next_url=url_for("annotator.me", before=days[-1].day.isoformat()) if is_full else None,
    )
