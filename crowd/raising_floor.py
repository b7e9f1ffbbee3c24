"""Places for raised rules: tasks that are there already have fewer than they ask for.

Below a raised floor every task lacks places. By a raised ceiling, confidence or budget a task that
is done may want one more label; it is judged again, as if its last label had just come.

A job does both, some tasks in each transaction, since a project may have a million: nobody who
labels waits for it longer than for a few hundred places. It can run twice, and it goes by the
rules as they are now, whatever they were when the job was asked for.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.judging import judge_task
from crowd.models import Origin, Project, Purpose, TaskState, TaskUse
from crowd.places import new_places, return_places
from crowd.projects import project_by_id
from crowd.rules import locked_rules
from crowd.tables import LABEL, PLACE, TASK
from crowd.workplace import Workplace
from folkmoot.kernel.unit_of_work import UnitOfWork

_TASKS_AT_ONCE = 500
# Judging takes some statements for each task, and an opened place holds the queue until the commit.
_JUDGED_AT_ONCE = 100


class _Batch(NamedTuple):
    """The last of some tasks, None where there were none, and how many of them got a place."""

    last: UUID | None
    n_opened: int


def open_missing_places(work: Workplace, *, project_id: UUID) -> int:
    """Open the places that tasks lack by their project's rules; return how many tasks got some."""
    n_below_floor = _by_batches(work, project_id, _open_some)
    return n_below_floor + _by_batches(work, project_id, _judge_some)


def _by_batches(
    work: Workplace, project_id: UUID, act: Callable[[UnitOfWork, Project, UUID], _Batch]
) -> int:
    """Act on some tasks in each transaction, to the last; return how many got a place."""
    n_opened = 0
    after: UUID | None = UUID(int=0)
    while after is not None:
        with work.unit_of_work() as uow:
            batch = act(uow, project_by_id(uow, project_id=project_id), after)
        n_opened += batch.n_opened
        after = batch.last
    return n_opened


def _judge_some(uow: UnitOfWork, project: Project, after: UUID) -> _Batch:
    connection = uow.session.connection()
    asked = {
        "of_project": project.id,
        "floor": project.floor,
        "ceiling": project.ceiling,
        "wanted": project.confidence,
        "after": after,
    }
    unsure = connection.execute(_UNSURE, asked).scalars().all()
    judged = [judge_task(connection, locked_rules(connection, task_id)) for task_id in unsure]
    n_opened = sum(each.state is TaskState.OPEN for each in judged)
    return _Batch(unsure[-1] if unsure else None, n_opened)


def _open_some(uow: UnitOfWork, project: Project, after: UUID) -> _Batch:
    connection = uow.session.connection()
    asked = {"of_project": project.id, "floor": project.floor, "after": after}
    lacking = connection.execute(_LACKING, asked).all()
    if not lacking:
        return _Batch(None, 0)
    priorities = {row.id: row.priority for row in lacking}
    _insert_places(connection, project, list(priorities))
    connection.execute(
        sa.update(TASK).where(TASK.c.id.in_(priorities)).values(state=TaskState.OPEN)
    )
    return_places(connection, project_id=project.id, priorities=priorities)
    return _Batch(lacking[-1].id, len(lacking))


def _insert_places(connection: Connection, project: Project, task_ids: Sequence[UUID]) -> None:
    counted = sa.select(PLACE.c.task_id, sa.func.max(PLACE.c.number).label("last")).where(
        PLACE.c.task_id.in_(task_ids)
    )
    rows = connection.execute(counted.group_by(PLACE.c.task_id))
    last = {row.task_id: row.last for row in rows}
    connection.execute(
        sa.insert(PLACE),
        [
            place | {"rank": None, "purpose": Purpose.EXTRA_OPINION}
            for task_id in task_ids
            for place in new_places(
                task_id,
                project.id,
                rank=0,
                numbers=range(last.get(task_id, 0) + 1, project.floor + 1),
            )
        ],
    )


def _lacking() -> sa.Select[*tuple[object, ...]]:
    """Select and lock the next tasks of :of_project after :after with fewer places than :floor."""
    floor_place = sa.select(1).where(
        PLACE.c.task_id == TASK.c.id, PLACE.c.number == sa.bindparam("floor")
    )
    return _next_tasks().where(~floor_place.exists()).limit(_TASKS_AT_ONCE)


def _unsure() -> sa.Select[*tuple[object, ...]]:
    """Select and lock the next tasks that are done, but not by these rules."""
    is_unsure = sa.and_(
        TASK.c.n_labels < sa.bindparam("ceiling", type_=sa.Integer),
        TASK.c.confidence < sa.bindparam("wanted", type_=sa.Float),
    )
    return (
        _next_tasks()
        .where(
            TASK.c.state == TaskState.COMPLETE,
            sa.or_(TASK.c.n_labels < sa.bindparam("floor", type_=sa.Integer), is_unsure),
        )
        .limit(_JUDGED_AT_ONCE)
    )


def _next_tasks() -> sa.Select[*tuple[object, ...]]:
    """Select and lock, in the order of their ids, what the crowd of :of_project decides."""
    by_expert = sa.select(1).where(
        LABEL.c.task_id == TASK.c.id, LABEL.c.is_current, LABEL.c.origin == Origin.REVIEW
    )
    return (
        sa.select(TASK.c.id, TASK.c.priority)
        .where(
            TASK.c.project_id == sa.bindparam("of_project"),
            TASK.c.id > sa.bindparam("after", type_=sa.Uuid()),
            TASK.c.use == TaskUse.ORDINARY,
            TASK.c.origin == Origin.CROWD,
            # An expert has the last word; nobody needs to be asked any more.
            ~by_expert.exists(),
        )
        .order_by(TASK.c.id)
        .with_for_update(of=TASK, key_share=True)
    )


_LACKING = _lacking()
_UNSURE = _unsure()
