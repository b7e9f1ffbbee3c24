"""Gold: which task with a known answer an annotator is given among the others, and when."""

import secrets

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.desk import Desk
from crowd.models import Purpose, TaskUse
from crowd.models.tasks import LOTS
from crowd.places import insert_place
from crowd.searching import FoundPlace
from crowd.tables import PLACE, TASK
from folkmoot.kernel.statements import Statement

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
    return FoundPlace(
        task.id, number, Purpose.GOLD, task.external_id, task.payload, task.priority, None
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
        sa.select(TASK.c.id, TASK.c.external_id, TASK.c.payload, TASK.c.priority)
        .where(
            _is_gold(TASK),
            TASK.c.lot <= sa.func.coalesce(end_of_window, LOTS),
            ~given.exists(),
        )
        .order_by(TASK.c.lot)
        .limit(1)
        .with_for_update(of=TASK, skip_locked=True, key_share=True)
    )


_UNSEEN = Statement(_unseen())
_LAST_NUMBER = Statement(
    sa.select(PLACE.c.number)
    .where(PLACE.c.task_id == sa.bindparam("of_task"))
    .order_by(PLACE.c.number.desc())
    .limit(1)
)
