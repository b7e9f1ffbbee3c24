"""What the pages for choosing work and for labelling show."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crowd.annotating import MOST_WAITING, ProjectCard, Work, open_projects_for, today_of
from crowd.models import Project, ProjectState, SkipReason
from crowd.projects import instructions_of, project_by_slug
from crowd.task_types.single_choice import SingleChoiceSchema
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.markdown import rendered
from folkmoot.web.money import money_text, sums_text

# So many answers fill the line at the top of the desk; then it is time to look up.
SITTING_GOAL = 25


@dataclass(frozen=True)
class Option:
    """One thing to choose, with the words beside it."""

    value: str
    label: str
    hint: str | None


@dataclass(frozen=True)
class Question:
    """What is asked, and what may be answered."""

    kind: str
    text: str
    choices: Sequence[Option]


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


@dataclass(frozen=True)
class ProjectView:
    """A project with its instructions."""

    slug: str
    title: str
    question: Question
    instructions: Markup
    instructions_version: int
    is_open: bool


@dataclass(frozen=True)
class LabelView:
    """The labelling desk."""

    project: ProjectView
    today: TodayView
    sitting_goal: int
    skip_reasons: Sequence[Option]


SKIP_REASONS = (
    Option(SkipReason.NOT_GOOD_FOR_ME, "Not good for me", "Nobody asks why."),
    Option(SkipReason.UNCLEAR, "I cannot tell", "The instructions do not settle it."),
    Option(SkipReason.BROKEN, "Something is broken", "A text or picture is missing or garbled."),
)


def projects_view_of(uow: UnitOfWork, actor: Actor) -> ProjectsView:
    """Return the projects that an annotator may choose from, and their day."""
    cards = open_projects_for(uow, annotator_id=actor.id)
    today = today_of(uow, annotator_id=actor.id)
    return ProjectsView(
        today=_today(today, otherwise="nothing yet"),
        projects=[_card(card) for card in cards],
    )


def label_view_of(uow: UnitOfWork, actor: Actor, slug: str) -> LabelView:
    """Return the desk at which a project is labelled."""
    project = offered_project(uow, slug)
    today = today_of(uow, annotator_id=actor.id)
    return LabelView(
        project=_project(uow, project),
        today=_today(today, otherwise=money_text(0, project.currency)),
        sitting_goal=SITTING_GOAL,
        skip_reasons=SKIP_REASONS,
    )


def instructions_view_of(uow: UnitOfWork, slug: str) -> ProjectView:
    """Return a project's newest instructions."""
    return _project(uow, offered_project(uow, slug))


def offered_project(uow: UnitOfWork, slug: str) -> Project:
    """Return a project that annotators may know of, or raise NotFound."""
    project = project_by_slug(uow, slug=slug)
    if project.state is ProjectState.DRAFT:
        raise NotFound("There is no such project.")
    return project


def question_of(project: Project) -> Question:
    """Return what a project asks; without words of its own, its title is the question."""
    schema = SingleChoiceSchema.model_validate(project.answer_schema)
    choices = [Option(one.value, one.label, one.help or None) for one in schema.choices]
    return Question(project.task_type.value, schema.question or project.title, choices)


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


def _project(uow: UnitOfWork, project: Project) -> ProjectView:
    instructions = instructions_of(uow, project_id=project.id)
    return ProjectView(
        slug=project.slug,
        title=project.title,
        question=question_of(project),
        instructions=rendered(instructions.text),
        instructions_version=instructions.version,
        is_open=project.state is ProjectState.OPEN,
    )
