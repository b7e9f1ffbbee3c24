"""Which place a label takes: its lease's own, another that is free, or none."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.places import is_free
from crowd.tables import PLACE
from crowd.turns import Turn
from folkmoot.kernel import clock


def take_place(connection: Connection, turn: Turn, label_id: UUID) -> int | None:
    """Return the number of the place that the label takes, or None where all are taken."""
    own = connection.execute(_TAKE_OWN, {"of_lease": turn.lease_id, "label_id": label_id})
    if own.rowcount == 1:
        return turn.place_number
    number = _free_number(connection, turn)
    if number is not None:
        connection.execute(
            _TAKE_OTHER,
            {
                "of_task": turn.rules.task_id,
                "of_number": number,
                "annotator_id": turn.annotator_id,
                "lease_id": turn.lease_id,
                "label_id": label_id,
            },
        )
    return number


def _free_number(connection: Connection, turn: Turn) -> int | None:
    asked = {
        "task_id": turn.rules.task_id,
        "annotator_id": turn.annotator_id,
        "now": clock.now(),
    }
    number: int | None = connection.execute(_FREE_NUMBER, asked).scalar()
    return number


# The annotator's own place comes first: they may hold the task under a later lease.
_IS_OWN = PLACE.c.annotator_id == sa.bindparam("annotator_id")
_FREE_NUMBER = (
    sa.select(PLACE.c.number)
    .where(
        PLACE.c.task_id == sa.bindparam("task_id"),
        PLACE.c.label_id.is_(None),
        sa.or_(_IS_OWN, sa.and_(is_free(sa.bindparam("now")), PLACE.c.rank.is_not(None))),
    )
    .order_by(sa.case((_IS_OWN, 0), else_=1), PLACE.c.number)
    .limit(1)
    .with_for_update(of=PLACE, skip_locked=True)
)
_TAKE_OWN = sa.update(PLACE).where(
    PLACE.c.lease_id == sa.bindparam("of_lease"), PLACE.c.label_id.is_(None)
)
_TAKE_OTHER = sa.update(PLACE).where(
    PLACE.c.task_id == sa.bindparam("of_task"), PLACE.c.number == sa.bindparam("of_number")
)
