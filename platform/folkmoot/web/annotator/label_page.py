"""What the labelling page and the page of instructions show."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crowd.annotating import today_of
from crowd.models import Project, ProjectState, SkipReason
from crowd.projects import instructions_of, project_by_slug
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import JsonObject
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
    """What is asked; `options` are the answers or marks that the schema names, if it names any."""

    kind: str
    text: str
    options: Sequence[Option]


@dataclass(frozen=True)
class ProjectView:
    """A project with its instructions."""

    slug: str
    title: str
    question: Question
    instructions: Markup
    instructions_version: int
    break_after_minutes: int
    is_open: bool


@dataclass(frozen=True)
class LabelView:
    """The labelling desk."""

    project: ProjectView
    earned_text: str
    sitting_goal: int
    skip_reasons: Sequence[Option]


SKIP_REASONS = (
    Option(SkipReason.NOT_GOOD_FOR_ME, "Not good for me", "Nobody asks why."),
    Option(SkipReason.UNCLEAR, "I cannot tell", "The instructions do not settle it."),
    Option(SkipReason.BROKEN, "Something is broken", "A text or picture is missing or garbled."),
)


def label_view_of(uow: UnitOfWork, actor: Actor, slug: str) -> LabelView:
    """Return the desk at which a project is labelled."""
    project = offered_project(uow, slug)
    today = today_of(uow, annotator_id=actor.id)
    nothing = money_text(0, project.currency)
    return LabelView(
        project=_project(uow, project),
        earned_text=sums_text(today.earned_minor, otherwise=nothing),
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
    schema = project.answer_schema
    text = str(schema.get("question") or project.title)
    return Question(project.task_type.value, text, _options(schema))


def _options(schema: JsonObject) -> list[Option]:
    named = schema.get("choices") or schema.get("classes") or schema.get("items") or []
    listed = named if isinstance(named, list) else []
    return [_option(one) for one in listed if isinstance(one, dict)]


def _option(written: JsonObject) -> Option:
    value = str(written.get("value", ""))
    return Option(value, str(written.get("label") or value), str(written.get("help") or "") or None)


def _project(uow: UnitOfWork, project: Project) -> ProjectView:
    instructions = instructions_of(uow, project_id=project.id)
    return ProjectView(
        slug=project.slug,
        title=project.title,
        question=question_of(project),
        instructions=rendered(instructions.text),
        instructions_version=instructions.version,
        break_after_minutes=project.break_after_minutes,
        is_open=project.state is ProjectState.OPEN,
    )
