"""Days of work: what an annotator did and earned on one day, kept up with every answer."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.kept_labels import KeptEarning
from crowd.tables import WORK_DAY
from crowd.turns import Turn
from folkmoot.kernel.core_tables import INSERTS, Upsert
from folkmoot.kernel.statements import Statement


def add_to_day(
    connection: Connection, turn: Turn, earning: KeptEarning, *, active_seconds: float
) -> None:
    """Add one answer and its pay to its annotator's day; training is paid, but is no label."""
    _ADD[connection.dialect.name].later(
        connection,
        {
            "of_annotator": turn.annotator_id,
            "of_day": earning.earned_at.date(),
            "of_project": turn.rules.project_id,
            "labels": 0 if turn.is_training else 1,
            "seconds": active_seconds,
            "earned": earning.amount_minor,
            "in_currency": earning.currency,
        },
    )


def _adding(insert: Callable[[sa.Table], Upsert]) -> Upsert:
    labels, earned = (sa.bindparam(name, type_=sa.Integer) for name in ("labels", "earned"))
    seconds = sa.bindparam("seconds", type_=sa.Float)
    return (
        insert(WORK_DAY)
        .values(
            annotator_id=sa.bindparam("of_annotator"),
            day=sa.bindparam("of_day"),
            project_id=sa.bindparam("of_project"),
            n_labels=labels,
            n_sensitive=0,
            active_seconds=seconds,
            earned_minor=earned,
            currency=sa.bindparam("in_currency"),
        )
        .on_conflict_do_update(
            index_elements=[WORK_DAY.c.annotator_id, WORK_DAY.c.day, WORK_DAY.c.project_id],
            set_={
                "n_labels": WORK_DAY.c.n_labels + labels,
                "active_seconds": WORK_DAY.c.active_seconds + seconds,
                "earned_minor": WORK_DAY.c.earned_minor + earned,
            },
        )
    )


_ADD = {name: Statement(_adding(insert)) for name, insert in INSERTS.items()}
