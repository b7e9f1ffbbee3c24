"""Which place a label takes: its lease's own, another that is free, or none."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import Purpose
from crowd.tables import PLACE
from crowd.turns import Turn
from folkmoot.kernel import clock
from folkmoot.kernel.statements import Statement


def take_own_place(connection: Connection, turn: Turn, label_id: UUID) -> bool:
    """Put a label into its lease's own place, if that is still the annotator's."""
    taken = {"of_lease": turn.lease_id, "leased_until": None, "label_id": label_id}
    return _TAKE_OWN.run(connection, taken) == 1


def take_other_place(connection: Connection, turn: Turn, label_id: UUID) -> int | None:
    """Put a late label into a place that is free; return its number, or None where none is."""
    asked = {
        "task_id": turn.rules.task_id,
        "annotator_id": turn.annotator_id,
        "now": clock.now(),
    }
    free = _FREE_NUMBER.first(connection, asked)
    if free is None:
        return None
    _TAKE_OTHER.run(
        connection,
        {
            "of_task": turn.rules.task_id,
            "of_number": free.number,
            "rank": None,
            "annotator_id": turn.annotator_id,
            "lease_id": turn.lease_id,
            "leased_until": None,
            "label_id": label_id,
        },
    )
    return int(free.number)


# The annotator's own place comes first: they may hold the task under a later lease.
_IS_OWN = PLACE.c.annotator_id == sa.bindparam("annotator_id")
_RAN_OUT = sa.and_(PLACE.c.leased_until <= sa.bindparam("now"), PLACE.c.purpose != Purpose.GOLD)
_FREE_NUMBER = Statement(
    sa.select(PLACE.c.number)
    .where(
        PLACE.c.task_id == sa.bindparam("task_id"),
        PLACE.c.label_id.is_(None),
        sa.or_(_IS_OWN, PLACE.c.rank.is_not(None), _RAN_OUT),
    )
    .order_by(sa.case((_IS_OWN, 0), (_RAN_OUT, 2), else_=1), PLACE.c.number)
    .limit(1)
    .with_for_update(of=PLACE, skip_locked=True)
)
_TAKE_OWN = Statement(
    sa.update(PLACE).where(
        PLACE.c.lease_id == sa.bindparam("of_lease"), PLACE.c.label_id.is_(None)
    ),
    sets=("leased_until", "label_id"),
)
_TAKE_OTHER = Statement(
    sa.update(PLACE).where(
        PLACE.c.task_id == sa.bindparam("of_task"), PLACE.c.number == sa.bindparam("of_number")
    ),
    sets=("rank", "annotator_id", "lease_id", "leased_until", "label_id"),
)
