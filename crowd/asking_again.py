"""Audits: tasks that are done, put to one more annotator to see whether they say the same."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.canonical import digest
from audit.recording import record
from crowd.models import ProjectState, Purpose, TaskState, TaskUse
from crowd.places import count_places, open_place, return_places
from crowd.prioritising import FoundTask, refuse_named, tasks_named
from crowd.projects import locked_project
from crowd.tables import PLACE, TASK
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork

MOST_AUDITS_AT_ONCE = 1_000
_POINTER = "/external_ids"


def ask_again(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, external_ids: Sequence[str]
) -> int:
    """Put tasks to one more annotator each, beyond the ceiling; return to how many.

    The tasks stay done, with the answer they have, until the new label is there. One that waits
    for an audit already is not asked twice; one whose audit an expert's label ended is. Raise
    InvalidInput that names tasks which are unknown or not done yet, and Conflict for a project
    that is closed.
    """
    project = locked_project(uow, project_id)
    if project.state is ProjectState.CLOSED:
        raise Conflict("A closed project asks nobody any more.")
    if not 1 <= len(external_ids) <= MOST_AUDITS_AT_ONCE:
        sentence = f"Name 1 to {MOST_AUDITS_AT_ONCE:,} tasks at once."
        raise InvalidInput(sentence, fields=[FieldProblem("/external_ids", sentence)])
    connection = uow.session.connection()
    tasks = tasks_named(connection, project_id, external_ids, _POINTER)
    _refuse_unfit(connection, tasks)
    asked = [task for task in tasks if not _waits_for_audit(connection, task)]
    for task in asked:
        _ask(connection, project_id, task)
    if asked:
        _record(uow, actor, project_id, asked)
    return len(asked)


def _refuse_unfit(connection: Connection, tasks: Sequence[FoundTask]) -> None:
    """Lock the tasks, and refuse those that are no question any more, or still one."""
    known = [task.external_id for task in tasks if task.use is not TaskUse.ORDINARY]
    refuse_named(known, _POINTER, "The answer is known already")
    finished = sa.select(TASK.c.id).where(
        TASK.c.id.in_([task.id for task in tasks]), TASK.c.state == TaskState.COMPLETE
    )
    locked = finished.order_by(TASK.c.id).with_for_update(key_share=True)
    done = set(connection.execute(locked).scalars())
    unfinished = [task.external_id for task in tasks if task.id not in done]
    refuse_named(unfinished, _POINTER, "The task still asks for labels")


def _waits_for_audit(connection: Connection, task: FoundTask) -> bool:
    waiting = _EMPTY_AUDIT.where(sa.or_(PLACE.c.rank.is_not(None), PLACE.c.lease_id.is_not(None)))
    return connection.execute(waiting, {"of_task": task.id}).first() is not None


def _ask(connection: Connection, project_id: UUID, task: FoundTask) -> None:
    """Put a task's audit into the queue: the one that an expert's label ended, or a new one."""
    if connection.execute(_EMPTY_AUDIT, {"of_task": task.id}).first() is not None:
        return_places(connection, project_id=project_id, priorities={task.id: task.priority})
        return
    open_place(
        connection,
        task_id=task.id,
        project_id=project_id,
        priority=task.priority,
        number=count_places(connection, task.id).total + 1,
        purpose=Purpose.AUDIT,
    )


def _record(uow: UnitOfWork, actor: Actor, project_id: UUID, asked: Sequence[FoundTask]) -> None:
    names: list[Json] = [*sorted(task.external_id for task in asked)]
    record(
        uow,
        actor,
        Action.TASKS_ASKED_AGAIN,
        subject_type="project",
        subject_id=project_id,
        project_id=project_id,
        facts={"n_tasks": len(names)},
        # Who knows all cases finds by the digest of a few which they were.
        personal={"digest": digest(names)},
        personal_of=actor.id,
    )


_EMPTY_AUDIT = sa.select(1).where(
    PLACE.c.task_id == sa.bindparam("of_task"),
    PLACE.c.purpose == Purpose.AUDIT,
    PLACE.c.label_id.is_(None),
)
