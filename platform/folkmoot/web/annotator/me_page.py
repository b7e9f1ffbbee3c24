"""What the annotator's own page shows: pay, quality in plain words, what may be contested."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask import url_for

from crowd.annotating import FEWEST_SECONDS, Quality, Work, quality_of, work_of
from crowd.contesting import JudgedLabel, judged_labels
from crowd.earnings import DAYS_ON_A_PAGE, EarnedDay, earnings_by_day
from crowd.task_types.single_choice import choices_of
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.figures import Rate
from folkmoot.web.money import money_text, sums_text
from folkmoot.web.paging import Pagination

# Before so many checked answers a share says nothing about anyone.
FEWEST_CHECKED = 10
MOST_CONTESTABLE = 20
# From here on an annotator is called careful.
CAREFUL = 0.8


@dataclass(frozen=True)
class Totals:
    """All that was ever earned and answered."""

    earned_text: str
    hourly_text: str
    labels: int
    hours_text: str


@dataclass(frozen=True)
class LedgerRow:
    """What one project earned on one day."""

    day: date
    project: str
    labels: int
    amount_text: str


@dataclass(frozen=True)
class QualityView:
    """How answers compare with the checked ones of one project."""

    project: str
    sentence: str
    meaning: str
    rate: Rate


@dataclass(frozen=True)
class ContestableView:
    """An answer that differs from the checked one."""

    label_id: UUID
    project: str
    text: str
    at: datetime
    contested: bool


@dataclass(frozen=True)
class MeView:
    """The annotator's own page."""

    totals: Totals
    quality: Sequence[QualityView]
    ledger: Sequence[LedgerRow]
    ledger_page: Pagination
    contestable: Sequence[ContestableView]


def me_view_of(uow: UnitOfWork, actor: Actor, *, before: date | None) -> MeView:
    """Return an annotator's own page, with the earnings before a day or the latest."""
    days = earnings_by_day(uow, annotator_id=actor.id, before=before)
    qualities = quality_of(uow, annotator_id=actor.id)
    judged = judged_labels(uow, annotator_id=actor.id, at_most=MOST_CONTESTABLE)
    return MeView(
        totals=_totals(uow, actor),
        quality=[_quality(one) for one in qualities if one.gold_seen >= FEWEST_CHECKED],
        ledger=[_ledger_row(day) for day in days],
        ledger_page=_pages(days, before),
        contestable=[_contestable(one) for one in judged],
    )


def hours_text(seconds: float) -> str:
    """Return a duration in words."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _totals(uow: UnitOfWork, actor: Actor) -> Totals:
    work = work_of(uow, annotator_id=actor.id)
    return Totals(
        earned_text=sums_text(work.earned_minor, otherwise="nothing yet"),
        hourly_text=sums_text(_hourly(work), otherwise="not known yet"),
        labels=work.n_labels,
        hours_text=hours_text(work.active_seconds),
    )


def _hourly(work: Work) -> dict[str, int]:
    if work.active_seconds < FEWEST_SECONDS:
        return {}
    hours = work.active_seconds / 3600
    return {unit: round(earned / hours) for unit, earned in work.earned_minor.items()}


def _quality(quality: Quality) -> QualityView:
    reliability = quality.reliability
    return QualityView(
        project=quality.project.title,
        sentence=(
            f"You agreed with the checked answers {quality.gold_right} times "
            f"of {quality.gold_seen}."
        ),
        meaning=_meaning(reliability.low, reliability.high),
        rate=Rate(reliability.mean, reliability.low, reliability.high, total=quality.gold_seen),
    )


def _meaning(low: float, high: float) -> str:
    if low >= CAREFUL:
        return "That is the work of a careful annotator."
    if high >= CAREFUL:
        return "That is in the range of careful annotators."
    return "Careful annotators agree more often. The instructions may settle what differs."


def _ledger_row(day: EarnedDay) -> LedgerRow:
    amount = money_text(day.amount_minor, day.currency)
    return LedgerRow(day.day, day.project_title, day.n_labels, amount)


def _pages(days: Sequence[EarnedDay], before: date | None) -> Pagination:
    is_full = len({day.day for day in days}) == DAYS_ON_A_PAGE
    return Pagination(
        previous_url=url_for("annotator.me") if before else None,
        next_url=url_for("annotator.me", before=days[-1].day.isoformat()) if is_full else None,
    )


def _contestable(judged: JudgedLabel) -> ContestableView:
    words = {choice.value: choice.label for choice in choices_of(judged.answer_schema)}
    given, checked = (
        words.get(str(answer), str(answer)) for answer in (judged.answer, judged.checked_answer)
    )
    return ContestableView(
        label_id=judged.label_id,
        project=judged.project_title,
        text=f"You answered “{given}”; the checked answer is “{checked}”.",
        at=judged.answered_at,
        contested=judged.is_contested,
    )
