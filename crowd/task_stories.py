"""One task with all that happened to it, and lists of tasks to pick one from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from crowd.models import (
    AnnotatorRecord,
    AnnotatorReliability,
    Consensus,
    ConsensusRun,
    Label,
    Lease,
    Task,
    TaskState,
)
from crowd.projects import project_by_id
from crowd.quality import expected_reliability
from crowd.tallies import tally_of
from crowd.task_types import task_type_of
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class LabelStory:
    """A label, why its annotator was given the task, and how far that annotator is believed.

    likeness: how like the answer is to that of the newest run, 0 to 1; None before there is one.
    traits: what the newest run says of the annotator besides, by name.
    """

    label: Label
    lease: Lease | None
    reliability: float | None
    likeness: float | None
    traits: JsonObject


@dataclass(frozen=True)
class ConsensusStory:
    """What one run made of the task."""

    run: ConsensusRun
    consensus: Consensus


@dataclass(frozen=True)
class TaskStory:
    """A task, its labels in the order they came, its leases, and its consensus, newest first."""

    task: Task
    labels: Sequence[LabelStory]
    leases: Sequence[Lease]
    consensus: Sequence[ConsensusStory]


def task_story(uow: UnitOfWork, *, task_id: UUID) -> TaskStory:
    """Return all that is known of a task, or raise NotFound."""
    task = uow.session.get(Task, task_id)
    if task is None:
        raise NotFound("There is no such task.")
    leases = uow.session.exec(
        select(Lease).where(Lease.task_id == task_id).order_by(col(Lease.given_at), col(Lease.id))
    ).all()
    consensus = _consensus(uow, task_id)
    return TaskStory(task, _labels(uow, task, leases, consensus), leases, consensus)


def tasks_of(
    uow: UnitOfWork,
    *,
    project_id: UUID,
    wanted: PageRequest,
    state: TaskState | None = None,
    search: str = "",
) -> Page[Task]:
    """Return one page of a project's tasks; `search` is a part of the external id."""
    statement = select(Task).where(Task.project_id == project_id)
    if state is not None:
        statement = statement.where(col(Task.state) == state)
    if search:
        statement = statement.where(col(Task.external_id).contains(search, autoescape=True))
    return page_by_id(uow, statement, key=Task.id, wanted=wanted)


def _consensus(uow: UnitOfWork, task_id: UUID) -> list[ConsensusStory]:
    statement = (
        select(ConsensusRun, Consensus)
        .join(Consensus, col(Consensus.run_id) == ConsensusRun.id)
        .where(Consensus.task_id == task_id)
        .order_by(col(ConsensusRun.number).desc())
    )
    return [ConsensusStory(run, consensus) for run, consensus in uow.session.exec(statement)]


def _labels(
    uow: UnitOfWork, task: Task, leases: Sequence[Lease], consensus: Sequence[ConsensusStory]
) -> list[LabelStory]:
    labels = uow.session.exec(
        select(Label).where(Label.task_id == task.id).order_by(col(Label.created_at), col(Label.id))
    ).all()
    judged = _judged(uow, labels, consensus)
    reliability = _expected(uow, task, labels) | {
        one.annotator_id: one.reliability for one in judged.values()
    }
    like = _likeness(uow, task, consensus)
    lease_of = {lease.id: lease for lease in leases}
    return [
        LabelStory(
            label,
            None if label.lease_id is None else lease_of.get(label.lease_id),
            reliability.get(label.annotator_id),
            like(label.answer),
            judged[label.annotator_id].traits if label.annotator_id in judged else {},
        )
        for label in labels
    ]


def _expected(uow: UnitOfWork, task: Task, labels: Sequence[Label]) -> dict[UUID, float]:
    """Return what gold and the others' answers let expect of each annotator."""
    records = uow.session.exec(
        select(AnnotatorRecord).where(
            AnnotatorRecord.project_id == task.project_id,
            col(AnnotatorRecord.annotator_id).in_({label.annotator_id for label in labels}),
        )
    )
    return {
        record.annotator_id: expected_reliability(
            tally_of(record), record.run_reliability, record.run_labels
        )
        for record in records
    }


def _judged(
    uow: UnitOfWork, labels: Sequence[Label], consensus: Sequence[ConsensusStory]
) -> dict[UUID, AnnotatorReliability]:
    """Return what the newest run found of each annotator."""
    if not consensus:
        return {}
    estimates = uow.session.exec(
        select(AnnotatorReliability).where(
            AnnotatorReliability.run_id == consensus[0].run.id,
            col(AnnotatorReliability.annotator_id).in_({label.annotator_id for label in labels}),
        )
    )
    return {each.annotator_id: each for each in estimates}


def _likeness(
    uow: UnitOfWork, task: Task, consensus: Sequence[ConsensusStory]
) -> Callable[[Json], float | None]:
    """Return what says how like an answer is to that of the newest run."""
    if not consensus:
        return lambda _answer: None
    project = project_by_id(uow, project_id=task.project_id)
    kind, agreed = task_type_of(project.task_type), consensus[0].consensus.answer
    return lambda answer: kind.likeness(project.answer_schema, answer, agreed)
