"""Budgets: the most labels that a project may collect, gold among them.

What is given out is counted as if it were answered. Far from the end a count is enough; near it,
those who ask take turns, so that no two are given the last one. An answer that comes after its
time is kept and paid all the same, so late answers alone can exceed a budget.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.places import lock_queue
from crowd.tables import PLACE, RECORD
from folkmoot.kernel import clock
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

# More than can be asked for in the time between a count and its commit.
_NEAR = 200


def is_spent(
    connection: Connection,
    *,
    project_id: UUID,
    budget: int | None,
    now: datetime,
    uncounted: int = 0,
) -> bool:
    """Say whether no more labels may be asked for; near the end, hold the queue's row for it.

    `uncounted`: labels of this transaction that are not in their annotators' records yet.
    """
    if budget is None or _left(connection, project_id, budget, now) > _NEAR:
        return False
    lock_queue(connection, project_id)
    return _left(connection, project_id, budget, now) <= uncounted


def brings_more(uow: UnitOfWork, *, project_id: UUID, budget: int | None) -> bool:
    """Say whether more labels may come, for whoever only looks: budget is left, or a task held."""
    if budget is None:
        return True
    asked = {"project_id": project_id, "now": clock.now()}
    [row] = _COUNTED.all(uow.session.connection(), asked)
    return bool(row.n_held) or int(row.n_labels) < budget


def _left(connection: Connection, project_id: UUID, budget: int, now: datetime) -> int:
    [row] = _COUNTED.all(connection, {"project_id": project_id, "now": now})
    return budget - int(row.n_labels) - int(row.n_held)


def _counted() -> sa.Select[*tuple[object, ...]]:
    n_labels = sa.select(sa.func.coalesce(sa.func.sum(RECORD.c.n_labels), 0)).where(
        RECORD.c.project_id == sa.bindparam("project_id")
    )
    n_held = sa.select(sa.func.count()).where(
        PLACE.c.project_id == sa.bindparam("project_id"),
        PLACE.c.label_id.is_(None),
        PLACE.c.leased_until > sa.bindparam("now"),
    )
    return sa.select(
        n_labels.scalar_subquery().label("n_labels"), n_held.scalar_subquery().label("n_held")
    )


_COUNTED = Statement(_counted())
