"""Expert labels: what reviewers found out, joined to the labels of the crowd as known answers."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.recording import record
from crowd.judging import judge_task
from crowd.models import Fate, Label, Origin, Project, Task, TaskState
from crowd.projects import locked_project
from crowd.rules import locked_rules
from crowd.tables import LABEL, PROJECT, TASK
from crowd.task_types import task_type_of
from crowd.told_answers import tell_answers
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork


def add_expert_label(
    uow: UnitOfWork,
    actor: Actor,
    *,
    project_id: UUID,
    external_id: str,
    payload: JsonObject,
    answer: Json,
) -> Label:
    """Add an expert's answer to a case; its task is made if there is none, and asks no more.

    A later answer of the same person revises the earlier one. Of several experts the latest has
    the last word.
    """
    # Holding the project's row, two experts cannot both make the task of one case.
    project = locked_project(uow, project_id)
    task_type_of(project.task_type).check_answer(project.answer_schema, answer, payload)
    uow.session.flush()  # what the caller added must be there before statements of our own
    connection = uow.session.connection()
    task_id = _task_of(connection, project, external_id, payload)
    rules = locked_rules(connection, task_id)
    label = _store(connection, actor, project, task_id, answer)
    judge_task(connection, rules)
    _record(uow, actor, project, label)
    return label


def _task_of(
    connection: Connection, project: Project, external_id: str, payload: JsonObject
) -> UUID:
    there = connection.execute(
        sa.select(TASK.c.id).where(
            TASK.c.project_id == project.id, TASK.c.external_id == external_id
        )
    ).scalar()
    if there is not None:
        task_id: UUID = there
        return task_id
    task = Task(
        project_id=project.id,
        external_id=external_id,
        origin=Origin.REVIEW,
        payload=payload,
        position=_next_position(connection, project.id),
        state=TaskState.COMPLETE,
        created_at=clock.now(),
    )
    connection.execute(sa.insert(TASK).values(task.model_dump()))
    return task.id


def _next_position(connection: Connection, project_id: UUID) -> int:
    statement = (
        sa.update(PROJECT)
        .where(PROJECT.c.id == project_id)
        .values(next_position=PROJECT.c.next_position + 1)
        .returning(PROJECT.c.next_position - 1)
    )
    return int(connection.execute(statement).scalar_one())


def _store(
    connection: Connection, actor: Actor, project: Project, task_id: UUID, answer: Json
) -> Label:
    statement = sa.select(LABEL).where(
        LABEL.c.task_id == task_id, LABEL.c.annotator_id == actor.id, LABEL.c.is_current
    )
    earlier = connection.execute(statement).first()
    label = Label(
        project_id=project.id,
        task_id=task_id,
        annotator_id=actor.id,
        origin=Origin.REVIEW,
        answer=answer,
        fate=Fate.ACCEPTED,
        active_seconds=0.0,
        instructions_version=project.instructions_version,
        created_at=clock.now(),
    )
    if earlier is not None:
        label.supersedes_id = earlier.id
        connection.execute(
            sa.update(LABEL).where(LABEL.c.id == earlier.id).values(is_current=False)
        )
    connection.execute(sa.insert(LABEL).values(label.model_dump()))
    return label


def _record(uow: UnitOfWork, actor: Actor, project: Project, label: Label) -> None:
    told = tell_answers(project.task_type, {"answer": label.answer})
    record(
        uow,
        actor,
        Action.EXPERT_LABEL_ADDED,
        subject_type="label",
        subject_id=label.id,
        project_id=label.project_id,
        facts={
            "task": str(label.task_id),
            "supersedes": str(label.supersedes_id) if label.supersedes_id else None,
            **told.facts,
        },
        personal=told.personal,
        personal_of=label.task_id,
    )
