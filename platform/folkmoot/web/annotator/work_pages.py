"""What the page for choosing work shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crowd.admission import FLAG_WORDS, flag_words
from crowd.annotating import MOST_WAITING, Work, today_of
from crowd.models import ContentFlag, Standing
from crowd.offers import Offer, TrainingState, offers_for
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.annotator.label_page import question_of
from folkmoot.web.money import money_text, sums_text


@dataclass(frozen=True)
class TodayView:
    """What was done since midnight."""

    labels: int
    minutes: int
    earned_text: str


@dataclass(frozen=True)
class CardView:
    """A project to choose; its question is empty where the title asks it.

    flags: what the content may show, in words. opt_in: what to choose first, or "".
    barred: why no tasks are given, or "", and when that ends, where it does by itself.
    remark: what is said of one's standing although work may go on, or "".
    training: how the training stands, or "". must_train: it comes before the first real task.
    """

    slug: str
    title: str
    question: str
    pay_text: str
    hourly_text: str | None
    floor_text: str | None
    seconds_per_task: int | None
    waiting: int
    has_more_waiting: bool
    flags: Sequence[str]
    opt_in: str
    barred: str
    barred_until: datetime | None
    remark: str
    training: str
    must_train: bool


@dataclass(frozen=True)
class ProjectsView:
    """The page of projects."""

    today: TodayView
    projects: Sequence[CardView]


def projects_view_of(uow: UnitOfWork, actor: Actor) -> ProjectsView:
    """Return the projects that an annotator may choose from, and their day."""
    return ProjectsView(
        today=_today(today_of(uow, annotator_id=actor.id), otherwise="nothing yet"),
        projects=[_card(offer) for offer in offers_for(uow, annotator_id=actor.id)],
    )


def _today(work: Work, *, otherwise: str) -> TodayView:
    return TodayView(
        labels=work.n_labels,
        minutes=round(work.active_seconds / 60),
        earned_text=sums_text(work.earned_minor, otherwise=otherwise),
    )


def _card(offer: Offer) -> CardView:
    card, project = offer.card, offer.card.project
    question, seconds = question_of(project).text, card.seconds_per_task
    return CardView(
        slug=project.slug,
        title=project.title,
        question=question if question != project.title else "",
        pay_text=money_text(project.pay_minor, project.currency),
        hourly_text=_money(card.hourly_minor, project.currency),
        floor_text=_money(project.pay_floor_minor, project.currency),
        seconds_per_task=None if seconds is None else max(1, round(seconds)),
        waiting=card.waiting,
        has_more_waiting=card.waiting >= MOST_WAITING,
        flags=[FLAG_WORDS[ContentFlag(flag)] for flag in project.content_flags],
        opt_in=flag_words(offer.missing_flags),
        barred=_barred(offer),
        barred_until=offer.limit_ends_at,
        remark=offer.standing_reason if offer.standing is not Standing.PAUSED else "",
        training=_training(offer.training),
        must_train=offer.training is not None and not offer.training.is_passed,
    )


def _money(amount_minor: int | None, currency: str) -> str | None:
    return None if amount_minor is None else money_text(amount_minor, currency)


def _barred(offer: Offer) -> str:
    if offer.closed_because:
        return offer.closed_because
    if offer.standing is Standing.PAUSED:
        return f"Your work in this project is paused. {offer.standing_reason}".strip()
    return offer.limit


def _training(training: TrainingState | None) -> str:
    if training is None:
        return ""
    if training.is_passed:
        until = training.passed_until
        return "Training passed." if until is None else f"Training passed, until {until:%d %b %Y}."
    begun = f"{training.seen} of {training.needed} done"
    first = f"Training comes first: {training.needed} tasks with known answers, paid like any"
    if training.seen:
        return f"{first}; {begun}."
    again = " You can try again at once; nothing is held against you."
    return f"{first}.{again if training.has_failed else ''}"
