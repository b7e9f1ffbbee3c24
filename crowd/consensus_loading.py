"""What a consensus run aggregates, read out of the database without holding anybody up."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import col, func, select

from crowd.consensus_problem import ConsensusProblem
from crowd.models import ConsensusRun, Origin, Project, Task, TaskState
from crowd.projects import project_by_id
from crowd.tables import LABEL, RECORD, TASK
from crowd.task_types import task_type_of
from crowd.task_types.preference import Preference
from crowd.task_types.spans import Spans
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork


def load_consensus_problem(uow: UnitOfWork, *, run_id: UUID) -> ConsensusProblem:
    """Load what a run aggregates: the crowd's labels, and the answers that are known."""
    run = uow.session.get(ConsensusRun, run_id)
    if run is None:
        raise NotFound("There is no such consensus run.")
    project = project_by_id(uow, project_id=run.project_id)
    connection = uow.session.connection()
    # Before the labels, so that one which comes meanwhile may count twice but is not forgotten.
    compared = _compared(connection, project.id)
    labels = _crowd_labels(connection, project.id)
    by_experts, n_by_experts = _expert_answers(connection, project.id)
    gold = _gold_answers(connection, project.id)
    labelled = {task for task, _, _ in labels}
    return ConsensusProblem(
        run_id=run_id,
        method=run.method,
        task_type=project.task_type,
        schema=project.answer_schema,
        labels=labels,
        known=gold | by_experts,
        by_experts_alone={
            task: count for task, count in n_by_experts.items() if task not in labelled
        },
        labels_saved=labels_saved(uow, project),
        gold=frozenset(gold.keys() - by_experts.keys()),
        material=_material(connection, project, labelled),
        compared=compared,
    )


def labels_saved(uow: UnitOfWork, project: Project) -> int:
    """Count the labels that stopping early has saved, against asking to the ceiling every time."""
    shortfall = project.ceiling - col(Task.n_labels)
    statement = select(func.coalesce(func.sum(shortfall), 0)).where(
        Task.project_id == project.id,
        col(Task.state) == TaskState.COMPLETE,
        col(Task.origin) == Origin.CROWD,
        col(Task.gold_answer).is_(None),
        col(Task.n_labels) < project.ceiling,
    )
    return int(uow.session.exec(statement).one())


def _crowd_labels(connection: Connection, project_id: UUID) -> tuple[tuple[str, str, Json], ...]:
    statement = sa.select(LABEL.c.task_id, LABEL.c.annotator_id, LABEL.c.answer).where(
        LABEL.c.project_id == project_id, LABEL.c.is_current, LABEL.c.origin == Origin.CROWD
    )
    return tuple(
        (str(task_id), str(annotator_id), answer)
        for task_id, annotator_id, answer in connection.execute(statement)
    )


def _compared(connection: Connection, project_id: UUID) -> dict[str, tuple[float, float]]:
    statement = sa.select(RECORD.c.annotator_id, RECORD.c.agreed, RECORD.c.compared).where(
        RECORD.c.project_id == project_id, RECORD.c.compared > 0
    )
    rows = connection.execute(statement)
    return {str(annotator_id): (agreed, compared) for annotator_id, agreed, compared in rows}


def _material(connection: Connection, project: Project, labelled: set[str]) -> dict[str, Json]:
    """Return of each labelled task what its answers speak of: a text, or what two things are."""
    kind, schema = task_type_of(project.task_type), project.answer_schema
    if not isinstance(kind, Spans | Preference):
        return {}
    statement = sa.select(TASK.c.id, TASK.c.payload).where(TASK.c.project_id == project.id)
    rows = connection.execute(statement.execution_options(yield_per=1000))
    return {
        str(task_id): kind.material_of(schema, payload)
        for task_id, payload in rows
        if str(task_id) in labelled
    }


def _gold_answers(connection: Connection, project_id: UUID) -> dict[str, Json]:
    statement = sa.select(TASK.c.id, TASK.c.gold_answer).where(
        TASK.c.project_id == project_id, TASK.c.gold_answer.is_not(None)
    )
    return {str(task_id): gold for task_id, gold in connection.execute(statement)}


def _expert_answers(
    connection: Connection, project_id: UUID
) -> tuple[dict[str, Json], dict[str, int]]:
    """Return the latest expert's answer to each task, and how many experts answered it."""
    statement = (
        sa.select(LABEL.c.task_id, LABEL.c.answer)
        .where(LABEL.c.project_id == project_id, LABEL.c.is_current)
        .where(LABEL.c.origin == Origin.REVIEW)
        .order_by(LABEL.c.created_at, LABEL.c.id)
    )
    answers: dict[str, Json] = {}
    counts: dict[str, int] = {}
    for task_id, answer in connection.execute(statement):
        answers[str(task_id)] = answer
        counts[str(task_id)] = counts.get(str(task_id), 0) + 1
    return answers, counts
