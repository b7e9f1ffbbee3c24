"""The tasks of a project, and one of them with all that happened to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crowd.models import LeaseState, Project, Task, TaskState
from crowd.progress import TaskStory, task_story, tasks_of
from crowd.projects import project_by_slug
from crowd.task_stories import ConsensusStory, LabelStory
from crowd.task_types import nominal_type_of
from folkmoot.identity.naming import names_of
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.paging import Pagination, pagination_of
from folkmoot.web.payloads import line_of, payload_of
from folkmoot.web.reviewer.wording import answer_words
from folkmoot.web.team.project_figures import Step
from folkmoot.web.team.wording import BY_REVIEW, METHOD_NAMES, WHY_GIVEN, WHY_SKIPPED


@dataclass(frozen=True)
class TaskLine:
    """One task of the list."""

    id: UUID
    external_id: str
    summary: str
    state: str
    is_gold: bool
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
    """What was asked."""

    external_id: str
    state: str
    text: str | None
    fields: Sequence[tuple[str, str]]
    gold_label: str | None
    so_far: str | None
    confidence: float | None


@dataclass(frozen=True)
class Agreed:
    """What one run made of the task."""

    answer_label: str
    confidence: float
    method: str
    run_number: int


@dataclass(frozen=True)
class LabelLine:
    """One answer: whose, how far they are believed, and why they were given the task."""

    annotator: str
    answer_label: str
    reliability: float | None
    fate: str
    is_current: bool
    origin: str
    seconds: float
    at: datetime
    reason: str


@dataclass(frozen=True)
class Pass:
    """Someone who was given the task and passed it on."""

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
        tasks=[_line(task, project.answer_schema) for task in page.items],
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
    names = names_of(uow, _people_in(story))
    return TaskView(
        project=project,
        task=_head(story.task, project.answer_schema),
        runs=[_agreed(each, project.answer_schema) for each in story.consensus],
        posterior=_posterior(project, story.consensus),
        labels=[_label(each, names, project.answer_schema) for each in story.labels],
        passes=_passes(story, names),
    )


def _line(task: Task, schema: JsonObject) -> TaskLine:
    is_gold = task.gold_answer is not None
    answer = task.gold_answer if is_gold else task.answer
    return TaskLine(
        id=task.id,
        external_id=task.external_id,
        summary=line_of(task.payload),
        state=task.state.value,
        is_gold=is_gold,
        labels=task.n_labels,
        answer_label="" if answer is None else answer_words(schema, answer),
        confidence=task.confidence,
    )


def _people_in(story: TaskStory) -> set[UUID]:
    return {
        *(each.label.annotator_id for each in story.labels),
        *(lease.annotator_id for lease in story.leases),
    }


def _head(task: Task, schema: JsonObject) -> TaskHead:
    shown = payload_of(task.payload)
    gold, so_far = task.gold_answer, task.answer
    return TaskHead(
        external_id=task.external_id,
        state=task.state.value,
        text=shown.text,
        fields=shown.fields,
        gold_label=None if gold is None else answer_words(schema, gold),
        so_far=None if so_far is None else answer_words(schema, so_far),
        confidence=task.confidence,
    )


def _agreed(story: ConsensusStory, schema: JsonObject) -> Agreed:
    return Agreed(
        answer_label=answer_words(schema, story.consensus.answer),
        confidence=story.consensus.confidence,
        method=METHOD_NAMES.get(story.run.method, story.run.method),
        run_number=story.run.number,
    )


def _posterior(project: Project, consensus: Sequence[ConsensusStory]) -> list[Step]:
    if not consensus:
        return []
    newest, schema = consensus[0].consensus, project.answer_schema
    classes = nominal_type_of(project.task_type).classes(schema)
    return [
        Step(answer_words(schema, name), newest.n_labels, share)
        for name, share in zip(classes, newest.posterior, strict=True)
    ]


def _label(story: LabelStory, names: Mapping[UUID, str], schema: JsonObject) -> LabelLine:
    label, lease = story.label, story.lease
    return LabelLine(
        annotator=names[label.annotator_id],
        answer_label=answer_words(schema, label.answer),
        reliability=story.reliability,
        fate=label.fate.value,
        is_current=label.is_current,
        origin=label.origin.value,
        seconds=label.active_seconds,
        at=label.created_at,
        reason=BY_REVIEW if lease is None else WHY_GIVEN[lease.reason],
    )


def _passes(story: TaskStory, names: Mapping[UUID, str]) -> list[Pass]:
    skipped: Iterable[Pass] = (
        Pass(names[lease.annotator_id], WHY_SKIPPED[lease.skip_reason], lease.given_at)
        for lease in story.leases
        if lease.state is LeaseState.SKIPPED and lease.skip_reason is not None
    )
    return list(skipped)
