"""What the page for choosing work shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowd.annotating import MOST_WAITING, ProjectCard, Work, open_projects_for, today_of
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
    """A project to choose; its question is empty where the title asks it."""

    slug: str
    title: str
    question: str
    pay_text: str
    hourly_text: str | None
    seconds_per_task: int | None
    waiting: int
    has_more_waiting: bool


@dataclass(frozen=True)
class ProjectsView:
    """The page of projects."""

    today: TodayView
    projects: Sequence[CardView]


def projects_view_of(uow: UnitOfWork, actor: Actor) -> ProjectsView:
    """Return the projects that an annotator may choose from, and their day."""
    cards = open_projects_for(uow, annotator_id=actor.id)
    today = today_of(uow, annotator_id=actor.id)
    return ProjectsView(
        today=_today(today, otherwise="nothing yet"),
        projects=[_card(card) for card in cards],
    )


def _today(work: Work, *, otherwise: str) -> TodayView:
    return TodayView(
        labels=work.n_labels,
        minutes=round(work.active_seconds / 60),
        earned_text=sums_text(work.earned_minor, otherwise=otherwise),
    )


def _card(card: ProjectCard) -> CardView:
    project, question = card.project, question_of(card.project).text
    hourly, seconds = card.hourly_minor, card.seconds_per_task
    return CardView(
        slug=project.slug,
        title=project.title,
        question=question if question != project.title else "",
        pay_text=money_text(project.pay_minor, project.currency),
        hourly_text=None if hourly is None else money_text(hourly, project.currency),
        seconds_per_task=None if seconds is None else max(1, round(seconds)),
        waiting=card.waiting,
        has_more_waiting=card.waiting >= MOST_WAITING,
    )
