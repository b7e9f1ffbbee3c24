"""The tasks of a project, and one of them with all that happened to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from crowd.models import Lease, LeaseState, Project, Task, TaskState
from crowd.progress import TaskStory, task_story, tasks_of
from crowd.projects import project_by_slug
from crowd.task_stories import LabelStory
from crowd.task_types import task_type_of
from folkmoot.identity.naming import names_of
from folkmoot.kernel import clock
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.paging import Pagination, pagination_of
from folkmoot.web.payloads import line_of, payload_of
from folkmoot.web.team.consensus_words import (
    trait_words,
)
from folkmoot.web.team.project_figures import Step
from folkmoot.web.team.task_consensus import Agreed, agreed_of, chances_of
from folkmoot.web.team.wording import (
    BY_REVIEW,
    GAVE_BACK,
    HAS_IT,
    RAN_OUT,
    SUGGESTION_SHOWN,
    WHY_GIVEN,
    WHY_SKIPPED,
)

# Says an answer in words.
Reader: TypeAlias = Callable[[Json], str]


@dataclass(frozen=True)
class TaskLine:
    """One task of the list."""

    id: UUID
    external_id: str
    summary: str
    state: str
    use: str
    priority: int
    labels: int
    answer_label: str
    confidence: float | None


@dataclass(frozen=True)
class TasksView:
    """A page of the tasks, and what was searched for."""

    project: Project
    tasks: Sequence[TaskLine]
    state: str
    search: str
    page: Pagination


@dataclass(frozen=True)
class TaskHead:
    """What was asked; `use` is ordinary, gold or training."""

    external_id: str
    state: str
    use: str
    priority: int
    text: str | None
    fields: Sequence[tuple[str, str]]
    gold_label: str | None
    explanation: str
    suggestion: str | None
    so_far: str | None
    confidence: float | None


@dataclass(frozen=True)
class LabelLine:
    """One answer: whose, how far they are believed, and why they were given the task.

    shown: whether they saw the machine's suggestion, in words; empty where there was none.
    likeness: how like the consensus the answer is, where it is neither the same nor unlike.
    traits: what the newest run says of the annotator besides.
    """

    annotator: str
    answer_label: str
    reliability: float | None
    fate: str
    is_current: bool
    origin: str
    seconds: float
    at: datetime
    reason: str
    shown: str
    note: str
    instructions_version: int
    likeness: float | None
    traits: Sequence[str]


@dataclass(frozen=True)
class Pass:
    """Someone who was given the task and has not answered it."""

    annotator: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class TaskView:
    """Everything on a task's page; the runs come newest first."""

    project: Project
    task: TaskHead
    runs: Sequence[Agreed]
    posterior: Sequence[Step]
    labels: Sequence[LabelLine]
    passes: Sequence[Pass]


def tasks_view_of(
    uow: UnitOfWork, *, slug: str, state: str, search: str, wanted: PageRequest
) -> TasksView:
    """Read a page of a project's tasks."""
    project = project_by_slug(uow, slug=slug)
    page = tasks_of(
        uow,
        project_id=project.id,
        wanted=wanted,
        state=TaskState(state) if state in {*TaskState} else None,
        search=search.strip(),
    )
    return TasksView(
        project=project,
        tasks=[_line(task, _reader(project)) for task in page.items],
        state=state,
        search=search,
        page=pagination_of(page.mapped(str)),
    )


def task_view_of(uow: UnitOfWork, *, slug: str, task_id: UUID) -> TaskView:
    """Read one task with its labels and what the runs made of them."""
    project = project_by_slug(uow, slug=slug)
    story = task_story(uow, task_id=task_id)
    if story.task.project_id != project.id:
        raise NotFound("This project has no such task.")
    names, words = names_of(uow, _people_in(story)), _reader(project)
    return TaskView(
        project=project,
        task=_head(story.task, words),
        runs=[agreed_of(project, each) for each in story.consensus],
        posterior=chances_of(project, story.consensus),
        labels=[_label(each, names, words) for each in story.labels],
        passes=_passes(story, names),
    )


def _reader(project: Project) -> Reader:
    """Return what says an answer of the project in words."""
    kind = task_type_of(project.task_type)
    return lambda answer: kind.text_of(project.answer_schema, answer)


def _line(task: Task, words: Reader) -> TaskLine:
    answer = task.answer if task.gold_answer is None else task.gold_answer
    return TaskLine(
        id=task.id,
        external_id=task.external_id,
        summary=line_of(task.payload),
        state=task.state.value,
        use=task.use.value,
        priority=task.priority,
        labels=task.n_labels,
        answer_label="" if answer is None else words(answer),
        confidence=task.confidence,
    )


def _people_in(story: TaskStory) -> set[UUID]:
    return {
        *(each.label.annotator_id for each in story.labels),
        *(lease.annotator_id for lease in story.leases),
    }


def _head(task: Task, words: Reader) -> TaskHead:
    shown = payload_of(task.payload)
    return TaskHead(
        external_id=task.external_id,
        state=task.state.value,
        text=shown.text,
        fields=shown.fields,
        use=task.use.value,
        priority=task.priority,
        gold_label=None if task.gold_answer is None else words(task.gold_answer),
        explanation=task.explanation,
        suggestion=None if task.suggestion is None else words(task.suggestion),
        so_far=None if task.answer is None else words(task.answer),
        confidence=task.confidence,
    )


def _label(story: LabelStory, names: Mapping[UUID, str], words: Reader) -> LabelLine:
    label, lease = story.label, story.lease
    return LabelLine(
        annotator=names[label.annotator_id],
        answer_label=words(label.answer),
        reliability=story.reliability,
        fate=label.fate.value,
        is_current=label.is_current,
        origin=label.origin.value,
        seconds=label.active_seconds,
        at=label.created_at,
        reason=BY_REVIEW if lease is None else WHY_GIVEN[lease.reason],
        shown=_shown(lease),
        note=label.note,
        instructions_version=label.instructions_version,
        likeness=_between(story.likeness),
        traits=trait_words(story.traits),
    )


def _between(likeness: float | None) -> float | None:
    """Return a likeness that says more than the same or another answer."""
    return likeness if likeness is not None and 0 < likeness < 1 else None


def _shown(lease: Lease | None) -> str:
    if lease is None or lease.suggestion_shown is None:
        return ""
    return SUGGESTION_SHOWN[lease.suggestion_shown]


def _passes(story: TaskStory, names: Mapping[UUID, str]) -> list[Pass]:
    answered = {each.label.lease_id for each in story.labels}
    return [
        Pass(names[lease.annotator_id], _what_became(lease), lease.given_at)
        for lease in story.leases
        if lease.state is not LeaseState.LABELLED and lease.id not in answered
    ]


def _what_became(lease: Lease) -> str:
    """Say what became of a lease that nobody answered."""
    if lease.state is LeaseState.SKIPPED and lease.skip_reason is not None:
        return WHY_SKIPPED[lease.skip_reason]
    if lease.state is LeaseState.RELEASED:
        return GAVE_BACK
    return HAS_IT if lease.expires_at > clock.now() else RAN_OUT
