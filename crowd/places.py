"""Places: room for a task's labels, and the order in which it is given out.

A place waits in the queue while it has a rank; lower is earlier. The order has lanes, two for each
priority: one for what is fresh, and before it one for what came back or was moved. Within a lane
each place has the turn in which it came:

    rank = turn - lane * 2**40        lane = 2 * priority, and one more where the place came back

A fresh place's turn is its task's position, reserved under the project's row. Every other turn is
taken under the row of `project_queue`, which is held until the commit. So in every lane turns
become visible in their order: whoever has looked at a turn will never miss an earlier one.

All waiting places of a task have one rank: when one of them comes back, the others move with it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from crowd.models import Purpose, TaskState
from crowd.tables import PLACE, QUEUE, TASK
from folkmoot.kernel.core_tables import INSERTS, Upsert
from folkmoot.kernel.statements import Statement

MOST_PRIORITY = 1000
# Far more turns than a project will ever give.
TURN_BITS = 40
# So many places that ran out are returned at once; a search that finds nothing asks for more.
_MOST_RETURNED = 20


def rank_of(*, priority: int, position: int) -> int:
    """Return where a task's places stand while they are fresh: lower is earlier."""
    return position - (2 * priority << TURN_BITS)


def rank_returned(*, priority: int, turn: int) -> int:
    """Return where places stand that came back, or were opened or moved later."""
    return turn - (2 * priority + 1 << TURN_BITS)


def lane_of(rank: int) -> int:
    """Return the lane that a rank lies in; the highest comes first."""
    return -(rank >> TURN_BITS)


def end_of_lane(lane: int) -> int:
    """Return the last rank that a lane can have."""
    return (1 - lane << TURN_BITS) - 1


def new_places(
    task_id: UUID, project_id: UUID, *, rank: int, numbers: Iterable[int]
) -> list[dict[str, object]]:
    """Return the rows of a task's new places."""
    return [
        {"task_id": task_id, "number": number, "project_id": project_id, "rank": rank}
        for number in numbers
    ]


@dataclass(frozen=True)
class PlaceCount:
    """How many places a task has, and how many are in the queue or held and wait for a label."""

    total: int
    waiting: int


def count_places(connection: Connection, task_id: UUID) -> PlaceCount:
    """Count the places of a task that the caller has locked."""
    row = connection.execute(_COUNT_PLACES, {"task_id": task_id}).one()
    return PlaceCount(total=row.total, waiting=row.waiting)


def open_place(
    connection: Connection,
    *,
    task_id: UUID,
    project_id: UUID,
    priority: int,
    number: int,
    purpose: Purpose,
) -> None:
    """Open one more place of a task that the caller has locked, and put it into the queue."""
    turn = _take_turns(connection, project_id, 1)
    rank = rank_returned(priority=priority, turn=turn)
    insert_place(
        connection,
        task_id=task_id,
        project_id=project_id,
        number=number,
        rank=rank,
        purpose=purpose,
    )


def insert_place(
    connection: Connection,
    *,
    task_id: UUID,
    project_id: UUID,
    number: int,
    rank: int | None,
    purpose: Purpose,
) -> None:
    """Add a place that nobody holds; without a rank, it does not wait in the queue."""
    _INSERT_PLACE.run(
        connection,
        {
            "task_id": task_id,
            "number": number,
            "project_id": project_id,
            "rank": rank,
            "purpose": purpose,
            "annotator_id": None,
            "lease_id": None,
            "leased_until": None,
            "label_id": None,
        },
    )


def return_places(
    connection: Connection, *, project_id: UUID, priorities: Mapping[UUID, int]
) -> None:
    """Put the places of tasks that nobody holds at the end of the queue of what came back.

    `priorities` gives each task's priority, in the order in which they are to come. The caller has
    locked the tasks, and takes no other lock but the log's after this one. A place of a complete
    task waits for nobody, unless it was opened for an audit.
    """
    if priorities:
        first = _take_turns(connection, project_id, len(priorities))
        _set_ranks(connection, priorities, first)


def return_expired(connection: Connection, *, project_id: UUID, now: datetime) -> bool:
    """Return places whose leases ran out to the queue; say whether there may be more of them.

    What is locked by somebody else is left to them, or to the next who asks.
    """
    asked = {"project_id": project_id, "now": now, "at_most": _MOST_RETURNED}
    expired = _EXPIRED.all(connection, asked)
    priorities = {row.task_id: row.priority for row in expired}
    if not priorities:
        return False
    turns = {"of_project": project_id, "count": len(priorities)}
    reserved = _TAKE_TURNS_IF_FREE.first(connection, turns)
    if reserved is None:
        return False
    for row in expired:
        _FREE_EXPIRED.run(connection, {"of_task": row.task_id, "of_number": row.number})
    _set_ranks(connection, priorities, reserved.next_turn - len(priorities))
    return len(expired) == _MOST_RETURNED


def free_place(connection: Connection, lease_id: UUID) -> bool:
    """Take a lease's place from its holder, if it is still theirs; `return_places` comes next."""
    return _FREE_LEASED.run(connection, {"of_lease": lease_id}) == 1


def stop_giving_out(connection: Connection, task_id: UUID) -> None:
    """Give out no further place of a task; whoever holds one may still answer."""
    connection.execute(
        sa.update(PLACE)
        .where(PLACE.c.task_id == task_id, PLACE.c.label_id.is_(None))
        .values(rank=None)
    )


def lock_queue(connection: Connection, project_id: UUID) -> None:
    """Hold the row under which a project's turns are given, until the transaction ends."""
    _take_turns(connection, project_id, 0)


def _take_turns(connection: Connection, project_id: UUID, count: int) -> int:
    """Take turns and return the first; nobody else takes one until the transaction ends."""
    asked = {"of_project": project_id, "count": count}
    [reserved] = _TAKE_TURNS[connection.dialect.name].all(connection, asked)
    return int(reserved.next_turn) - count


def _set_ranks(connection: Connection, priorities: Mapping[UUID, int], first_turn: int) -> None:
    turns = enumerate(priorities.items(), start=first_turn)
    _SET_RANK.run_many(
        connection,
        [
            {"of_task": task_id, "rank": rank_returned(priority=priority, turn=turn)}
            for turn, (task_id, priority) in turns
        ],
    )


def _expired() -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(PLACE.c.task_id, PLACE.c.number, TASK.c.priority)
        .join_from(PLACE, TASK, TASK.c.id == PLACE.c.task_id)
        .where(
            PLACE.c.project_id == sa.bindparam("project_id"),
            PLACE.c.label_id.is_(None),
            PLACE.c.leased_until <= sa.bindparam("now"),
        )
        .order_by(PLACE.c.leased_until)
        .limit(sa.bindparam("at_most"))
        .with_for_update(of=[TASK, PLACE], skip_locked=True, key_share=True)
    )


def _freeing(where: sa.ColumnElement[bool]) -> sa.Update:
    # Gold stays its annotator's: nobody is given the same check twice.
    keeper = sa.case((PLACE.c.purpose == Purpose.GOLD, PLACE.c.annotator_id), else_=None)
    return (
        sa.update(PLACE)
        .where(where, PLACE.c.label_id.is_(None))
        .values(annotator_id=keeper, lease_id=None, leased_until=None)
    )


def _taking_turns(insert: Callable[[sa.Table], Upsert]) -> sa.Insert:
    # Makes the row, too, where a project has none yet.
    count = sa.bindparam("count", type_=sa.BigInteger)
    return (
        insert(QUEUE)
        .values(project_id=sa.bindparam("of_project"), next_turn=count)
        .on_conflict_do_update(
            index_elements=[QUEUE.c.project_id], set_={"next_turn": QUEUE.c.next_turn + count}
        )
        .returning(QUEUE.c.next_turn)
    )


def _taking_turns_if_free() -> ReturningUpdate[*tuple[object, ...]]:
    free = (
        sa.select(QUEUE.c.project_id)
        .where(QUEUE.c.project_id == sa.bindparam("of_project"))
        .with_for_update(skip_locked=True)
    )
    more = QUEUE.c.next_turn + sa.bindparam("count", type_=sa.BigInteger)
    return (
        sa.update(QUEUE)
        .where(QUEUE.c.project_id == free.scalar_subquery())
        .values(next_turn=more)
        .returning(QUEUE.c.next_turn)
    )


def _setting_rank() -> sa.Update:
    of_task = sa.bindparam("of_task", type_=sa.Uuid())
    state = sa.select(TASK.c.state).where(TASK.c.id == of_task).scalar_subquery()
    is_wanted = sa.or_(PLACE.c.purpose == Purpose.AUDIT, state == TaskState.OPEN)
    return (
        sa.update(PLACE)
        .where(
            PLACE.c.task_id == of_task,
            # As one expression: by an index of what is empty, either database would read them all.
            sa.func.coalesce(PLACE.c.label_id, PLACE.c.lease_id, PLACE.c.annotator_id).is_(None),
            is_wanted,
        )
        .values(rank=sa.bindparam("rank"))
    )


_WAITS = sa.and_(
    PLACE.c.label_id.is_(None), sa.or_(PLACE.c.rank.is_not(None), PLACE.c.lease_id.is_not(None))
)
_COUNT_PLACES = sa.select(
    sa.func.count().label("total"), sa.func.count(sa.case((_WAITS, 1))).label("waiting")
).where(PLACE.c.task_id == sa.bindparam("task_id"))
_INSERT_PLACE = Statement(sa.insert(PLACE))
_EXPIRED = Statement(_expired())
_FREE_LEASED = Statement(_freeing(PLACE.c.lease_id == sa.bindparam("of_lease")))
_FREE_EXPIRED = Statement(
    _freeing(
        sa.and_(
            PLACE.c.task_id == sa.bindparam("of_task"), PLACE.c.number == sa.bindparam("of_number")
        )
    )
)
_SET_RANK = Statement(_setting_rank())
_TAKE_TURNS = {name: Statement(_taking_turns(insert)) for name, insert in INSERTS.items()}
_TAKE_TURNS_IF_FREE = Statement(_taking_turns_if_free())
