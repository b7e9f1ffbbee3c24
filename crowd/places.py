"""Places: how many answers a task still has room for, and in which order they are given out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import LeaseState
from crowd.tables import LEASE, PLACE, TASK
from folkmoot.kernel import clock
from folkmoot.kernel.json_values import JsonObject

# Far more tasks than a project will ever have, so that a priority outranks every position.
_POSITIONS_PER_PRIORITY = 2**40
MOST_PRIORITY = 1000
_LAST_RANK = 2**62

# So many open places are always looked at, so that urgent and half-done tasks are found there;
# beyond them the search goes on where the annotator's last one ended.
_HEAD = 100


@dataclass(frozen=True)
class FoundPlace:
    """A place that is free for one annotator, and the task that it belongs to."""

    task_id: UUID
    number: int
    rank: int | None
    external_id: str
    payload: JsonObject
    priority: int
    moves_search: bool = False


def rank_of(*, priority: int, position: int) -> int:
    """Return where a task's places stand in the order: lower is earlier."""
    return position - priority * _POSITIONS_PER_PRIORITY


def new_places(
    task_id: UUID, project_id: UUID, *, rank: int, numbers: Iterable[int]
) -> list[dict[str, object]]:
    """Return the rows of a task's new places."""
    return [
        {"task_id": task_id, "number": number, "project_id": project_id, "rank": rank}
        for number in numbers
    ]


def find_place(
    connection: Connection,
    *,
    project_id: UUID,
    annotator_id: UUID,
    last_rank: int | None,
    now: datetime,
) -> FoundPlace | None:
    """Find and lock the first place that is free for an annotator.

    The cost grows neither with the project nor with what the annotator has done, until the
    search arrives at the end and starts once more from the beginning.
    """
    asked = {"project_id": project_id, "annotator_id": annotator_id, "now": now}
    row = connection.execute(_FREE_IN_HEAD, {**asked, "head": _HEAD}).first()
    if row is not None:
        return FoundPlace(**row._mapping)
    if last_rank is not None:
        row = connection.execute(_FREE_AHEAD, {**asked, "last_rank": last_rank}).first()
    if row is None:
        row = connection.execute(_FREE_ANYWHERE, asked).first()
    return None if row is None else FoundPlace(**row._mapping, moves_search=True)


def find_gold(connection: Connection, *, project_id: UUID, annotator_id: UUID) -> FoundPlace | None:
    """Open a place for an annotator at a gold task that they have never been given."""
    task = connection.execute(
        _UNSEEN_GOLD, {"project_id": project_id, "annotator_id": annotator_id}
    ).first()
    if task is None:
        return None
    number = count_places(connection, task.id).total + 1
    connection.execute(
        INSERT_PLACE, {"task_id": task.id, "number": number, "project_id": project_id, "rank": None}
    )
    return FoundPlace(task.id, number, None, task.external_id, task.payload, task.priority)


def count_free_tasks(
    connection: Connection, *, project_id: UUID, annotator_id: UUID, at_most: int
) -> int:
    """Count the tasks that wait for an annotator, and stop counting at a limit."""
    free = (
        _free()
        .with_only_columns(PLACE.c.task_id)
        .where(PLACE.c.rank.is_not(None))
        .distinct()
        .limit(at_most)
    )
    statement = sa.select(sa.func.count()).select_from(free.subquery())
    asked = {"project_id": project_id, "annotator_id": annotator_id, "now": clock.now()}
    return int(connection.execute(statement, asked).scalar_one())


@dataclass(frozen=True)
class PlaceCount:
    """How many places a task has, and how many of them wait for a label."""

    total: int
    waiting: int


def count_places(connection: Connection, task_id: UUID) -> PlaceCount:
    """Count the places of a task that the caller has locked."""
    total, labelled = connection.execute(_COUNT_PLACES, {"task_id": task_id}).one()
    return PlaceCount(total=total, waiting=total - labelled)


def stop_giving_out(connection: Connection, task_id: UUID) -> None:
    """Give out no further place of a task; whoever holds one may still answer."""
    connection.execute(
        sa.update(PLACE)
        .where(PLACE.c.task_id == task_id, PLACE.c.label_id.is_(None))
        .values(rank=None)
    )


def is_free(now: sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
    """Say in SQL that a place has no label and no lease that still runs."""
    unleased = sa.or_(PLACE.c.leased_until.is_(None), PLACE.c.leased_until <= now)
    return sa.and_(PLACE.c.label_id.is_(None), unleased)


def _free() -> sa.Select[*tuple[object, ...]]:
    """Select the places that are free for :annotator_id in :project_id at :now."""
    annotator_id = sa.bindparam("annotator_id", type_=sa.Uuid())
    other = PLACE.alias()
    has_another = sa.select(1).where(
        other.c.task_id == PLACE.c.task_id,
        other.c.annotator_id == annotator_id,
        other.c.number != PLACE.c.number,
    )
    is_done_with = sa.select(1).where(
        LEASE.c.annotator_id == annotator_id,
        LEASE.c.task_id == PLACE.c.task_id,
        LEASE.c.state.in_([LeaseState.LABELLED, LeaseState.SKIPPED]),
    )
    return (
        sa.select(
            PLACE.c.task_id,
            PLACE.c.number,
            PLACE.c.rank,
            TASK.c.external_id,
            TASK.c.payload,
            TASK.c.priority,
        )
        .join_from(PLACE, TASK, TASK.c.id == PLACE.c.task_id)
        .where(
            PLACE.c.project_id == sa.bindparam("project_id"),
            is_free(sa.bindparam("now")),
            ~has_another.exists(),
            ~is_done_with.exists(),
        )
    )


def _end_of_head() -> sa.ColumnElement[int]:
    place = PLACE.alias()
    rank = (
        sa.select(place.c.rank)
        .where(
            place.c.project_id == sa.bindparam("project_id"),
            place.c.label_id.is_(None),
            place.c.rank.is_not(None),
        )
        .order_by(place.c.rank, place.c.number)
        .offset(sa.bindparam("head"))
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(rank, sa.literal(_LAST_RANK, sa.BigInteger))


def _first_free(where: sa.ColumnElement[bool]) -> sa.Select[*tuple[object, ...]]:
    return (
        _free()
        .where(where)
        .order_by(PLACE.c.rank, PLACE.c.number)
        .limit(1)
        .with_for_update(of=PLACE, skip_locked=True)
    )


def _unseen_gold() -> sa.Select[*tuple[object, ...]]:
    given = sa.select(1).where(
        PLACE.c.task_id == TASK.c.id, PLACE.c.annotator_id == sa.bindparam("annotator_id")
    )
    return (
        sa.select(TASK.c.id, TASK.c.external_id, TASK.c.payload, TASK.c.priority)
        .where(
            TASK.c.project_id == sa.bindparam("project_id"),
            TASK.c.gold_answer.is_not(None),
            ~given.exists(),
        )
        # In a random order, so that annotators cannot tell each other which tasks are checked.
        .order_by(sa.func.random())
        .limit(1)
        .with_for_update(of=TASK, skip_locked=True, key_share=True)
    )


# Built once: to build a statement takes longer than to run it.
_FREE_IN_HEAD = _first_free(PLACE.c.rank <= _end_of_head())
_FREE_AHEAD = _first_free(PLACE.c.rank > sa.bindparam("last_rank"))
_FREE_ANYWHERE = _first_free(PLACE.c.rank.is_not(None))
_UNSEEN_GOLD = _unseen_gold()
_COUNT_PLACES = sa.select(sa.func.count(), sa.func.count(PLACE.c.label_id)).where(
    PLACE.c.task_id == sa.bindparam("task_id")
)
INSERT_PLACE = sa.insert(PLACE)
