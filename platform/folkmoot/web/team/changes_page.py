"""What a consensus run changed since an earlier one: tasks, and how far people are believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from crowd.consensus_changes import (
    RunChanges,
    RunPair,
    changed_tasks,
    count_changes,
    pair_since,
    reliability_changes,
)
from crowd.models import Project
from crowd.projects import project_by_slug
from crowd.task_types import task_type_of
from folkmoot.identity.naming import names_of
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.team.consensus_words import method_words

MOST_TASKS = 100
MOST_PEOPLE = 20


@dataclass(frozen=True)
class TaskLine:
    """A task whose answer changed."""

    task_id: UUID
    external_id: str
    before: str
    confidence_before: float
    after: str
    confidence_after: float


@dataclass(frozen=True)
class PersonLine:
    """An annotator whose reliability moved."""

    name: str
    before: float
    after: float


@dataclass(frozen=True)
class ChangesView:
    """Everything on the page; `methods` are the words for those of both runs."""

    project: Project
    pair: RunPair
    methods: tuple[str, str]
    counts: RunChanges
    tasks: Sequence[TaskLine]
    people: Sequence[PersonLine]


def changes_view_of(uow: UnitOfWork, *, slug: str, run_id: UUID, since: UUID | None) -> ChangesView:
    """Read what changed between two runs of a project."""
    project = project_by_slug(uow, slug=slug)
    pair = pair_since(uow, run_id=run_id, since=since)
    if pair.after.project_id != project.id:
        raise NotFound("This project has no such run.")
    return ChangesView(
        project=project,
        pair=pair,
        methods=(method_words(pair.before), method_words(pair.after)),
        counts=count_changes(uow, pair),
        tasks=_tasks(uow, project, pair),
        people=_people(uow, pair),
    )


def _tasks(uow: UnitOfWork, project: Project, pair: RunPair) -> list[TaskLine]:
    kind, schema = task_type_of(project.task_type), project.answer_schema
    return [
        TaskLine(
            task_id=change.task_id,
            external_id=change.external_id,
            before=kind.text_of(schema, change.answer_before),
            confidence_before=change.confidence_before or 0.0,
            after=kind.text_of(schema, change.answer_after),
            confidence_after=change.confidence_after or 0.0,
        )
        for change in changed_tasks(uow, pair, at_most=MOST_TASKS)
    ]


def _people(uow: UnitOfWork, pair: RunPair) -> list[PersonLine]:
    moved = [
        (one.annotator_id, one.before, one.after)
        for one in reliability_changes(uow, pair)[:MOST_PEOPLE]
    ]
    names = names_of(uow, [annotator_id for annotator_id, _, _ in moved])
    return [
        PersonLine(names[annotator_id], before, after)
        for annotator_id, before, after in moved
        if before is not None and after is not None
    ]
