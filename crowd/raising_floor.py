"""Places for a raised floor: tasks that were imported before it have fewer than it asks for.

A job opens them, some tasks in each transaction, since a project may have a million: nobody who
labels waits for it longer than for a few hundred places. It can run twice, and it goes by the
floor as it is now, whatever it was when the job was asked for.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import Origin, Project, Purpose, TaskState, TaskUse
from crowd.places import new_places, return_places
from crowd.projects import project_by_id
from crowd.tables import LABEL, PLACE, TASK
from crowd.workplace import Workplace
from folkmoot.kernel.unit_of_work import UnitOfWork

_TASKS_AT_ONCE = 500


def open_missing_places(work: Workplace, *, project_id: UUID) -> int:
    """Open places until each task has as many as the floor; return how many tasks got some."""
    n_tasks = 0
    after: UUID | None = UUID(int=0)
    while after is not None:
        with work.unit_of_work() as uow:
            tasks = _open_some(uow, project_by_id(uow, project_id=project_id), after)
        n_tasks += len(tasks)
        after = max(tasks) if tasks else None
    return n_tasks


def _open_some(uow: UnitOfWork, project: Project, after: UUID) -> Sequence[UUID]:
    connection = uow.session.connection()
    asked = {"of_project": project.id, "floor": project.floor, "after": after}
    lacking = connection.execute(_LACKING, asked).all()
    if not lacking:
        return ()
    priorities = {row.id: row.priority for row in lacking}
    _insert_places(connection, project, list(priorities))
    connection.execute(
        sa.update(TASK).where(TASK.c.id.in_(priorities)).values(state=TaskState.OPEN)
    )
    return_places(connection, project_id=project.id, priorities=priorities)
    return list(priorities)


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
            ~floor_place.exists(),
            # An expert has the last word; nobody needs to be asked any more.
            ~by_expert.exists(),
        )
        .order_by(TASK.c.id)
        .limit(_TASKS_AT_ONCE)
        .with_for_update(of=TASK, key_share=True)
    )


_LACKING = _lacking()
