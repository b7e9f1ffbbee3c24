"""Gold: which task with a known answer an annotator is given among the others, and when.

Nothing may tell gold from the rest before it is answered. So it comes only among other work, and
what was given back or ran out comes again when an ordinary task would.
"""

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.desk import Desk, kept_gold
from crowd.models import Purpose, TaskUse
from crowd.models.tasks import LOTS
from crowd.places import insert_place
from crowd.searching import FoundPlace
from crowd.tables import LEASE, PLACE, TASK
from folkmoot.kernel.statements import Row, Statement

# While little is known of an annotator they are checked twice as often, but not at every turn.
NEWCOMER_LABELS = 10
MOST_NEWCOMER_SHARE = 0.5
_COIN_SIDES = 1_000_000
# So many gold tasks that the annotator has had are passed over; then there is none this time.
_WINDOW = 50


def gold_share_of(desk: Desk) -> float:
    """Return the chance that an annotator's next task is gold."""
    if desk.n_labels >= NEWCOMER_LABELS:
        return desk.gold_share
    return max(desk.gold_share, min(2 * desk.gold_share, MOST_NEWCOMER_SHARE))


def gold_or(
    connection: Connection, desk: Desk, found: FoundPlace | None, now: datetime
) -> FoundPlace | None:
    """Return the place to give: new gold by chance, gold that came back, or what was found."""
    waiting = _in_turn(connection, desk, found, now)
    if waiting is None:
        return None  # after the last task, or instead of it, gold would show what it is
    return gold_by_chance(connection, desk) or waiting


def gold_by_chance(connection: Connection, desk: Desk) -> FoundPlace | None:
    """Open a place for an annotator at a gold task that they have never been given, or not.

    A secret coin decides: nothing that an annotator can see foretells which task is checked.
    """
    if secrets.randbelow(_COIN_SIDES) >= gold_share_of(desk) * _COIN_SIDES:
        return None
    start = secrets.randbelow(LOTS)
    whose = {"project_id": desk.project_id, "annotator_id": desk.annotator_id}
    task = _UNSEEN.first(connection, {**whose, "first": start, "end": LOTS})
    if task is None:
        task = _UNSEEN.first(connection, {**whose, "first": 0, "end": start})
    if task is None:
        return None
    # Asked anew, now that the task is locked: somebody may just have had a place.
    last = _LAST_NUMBER.first(connection, {"of_task": task.id})
    number = 1 if last is None else last.number + 1
    insert_place(
        connection,
        task_id=task.id,
        project_id=desk.project_id,
        number=number,
        rank=None,
        purpose=Purpose.GOLD,
    )
    return _gold_place(task, number)


def _in_turn(
    connection: Connection, desk: Desk, found: FoundPlace | None, now: datetime
) -> FoundPlace | None:
    """Return an annotator's own gold that came back, or what was found where that is earlier."""
    if not desk.keeps_gold:
        return found
    whose = {"project_id": desk.project_id, "annotator_id": desk.annotator_id, "now": now}
    kept = _KEPT.first(connection, whose)
    if kept is None:
        return found
    if found is not None and found.priority >= kept.priority:
        asked = {"annotator_id": desk.annotator_id, "of_task": found.task_id}
        own = _LAST_LEASE.first(connection, asked)
        if found.priority > kept.priority or (own is not None and own.ended_at < kept.ended_at):
            return found
    return _gold_place(kept, kept.number)


def _gold_place(task: Row, number: int) -> FoundPlace:
    return FoundPlace(
        task_id=task.id,
        number=number,
        purpose=Purpose.GOLD,
        external_id=task.external_id,
        payload=task.payload,
        priority=task.priority,
        suggestion=task.suggestion,
    )


def _is_gold(task: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(
        task.c.project_id == sa.bindparam("project_id"),
        task.c.gold_answer.is_not(None),
        task.c.use != TaskUse.TRAINING,
        task.c.lot >= sa.bindparam("first"),
        task.c.lot < sa.bindparam("end"),
    )


def _unseen() -> sa.Select[*tuple[object, ...]]:
    within = TASK.alias()
    end_of_window = (
        sa.select(within.c.lot)
        .where(_is_gold(within))
        .order_by(within.c.lot)
        .offset(_WINDOW)
        .limit(1)
        .scalar_subquery()
    )
    given = sa.select(1).where(
        PLACE.c.task_id == TASK.c.id, PLACE.c.annotator_id == sa.bindparam("annotator_id")
    )
    return (
        sa.select(*_SHOWN)
        .where(
            _is_gold(TASK),
            TASK.c.lot <= sa.func.coalesce(end_of_window, LOTS),
            ~given.exists(),
        )
        .order_by(TASK.c.lot)
        .limit(1)
        .with_for_update(of=TASK, skip_locked=True, key_share=True)
    )


def _kept() -> sa.Select[*tuple[object, ...]]:
    lease = LEASE.alias()
    ended_at = (
        sa.select(sa.func.max(lease.c.expires_at))
        .where(lease.c.annotator_id == PLACE.c.annotator_id, lease.c.task_id == PLACE.c.task_id)
        .scalar_subquery()
        .label("ended_at")
    )
    return (
        sa.select(*_SHOWN, PLACE.c.number, ended_at)
        .join_from(PLACE, TASK, TASK.c.id == PLACE.c.task_id)
        .where(kept_gold(), TASK.c.gold_answer.is_not(None))
        .order_by(TASK.c.priority.desc(), ended_at)
        .limit(1)
        .with_for_update(of=PLACE, skip_locked=True)
    )


_SHOWN = (TASK.c.id, TASK.c.external_id, TASK.c.payload, TASK.c.priority, TASK.c.suggestion)
_UNSEEN = Statement(_unseen())
_KEPT = Statement(_kept())
_LAST_LEASE = Statement(
    sa.select(LEASE.c.expires_at.label("ended_at"))
    .where(
        LEASE.c.annotator_id == sa.bindparam("annotator_id"),
        LEASE.c.task_id == sa.bindparam("of_task"),
    )
    .order_by(LEASE.c.expires_at.desc())
    .limit(1)
)
_LAST_NUMBER = Statement(
    sa.select(PLACE.c.number)
    .where(PLACE.c.task_id == sa.bindparam("of_task"))
    .order_by(PLACE.c.number.desc())
    .limit(1)
)
