"""Number an actor's entries without a gap, and keep one.

The number is part of what a leaf commits to, so it must be known before the entry is kept: one
statement that counts, which also keeps two entries of one actor apart until the commit, and one
that keeps. On PostgreSQL, where each costs a round trip, the number is guessed first: this process
knows which one it gave last. One statement then counts, and keeps the entry where the guess was
right; else it says the right number, and no more was lost than it would have cost anyway.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.tables import COUNTER, ENTRY
from folkmoot.kernel.core_tables import INSERTS, Upsert
from folkmoot.kernel.statements import Statement

# As many actors are remembered; a few hundred thousand bytes.
MOST_REMEMBERED = 10_000


class Recorded(NamedTuple):
    """A row of `audit.models.Entry` as it was just kept, by the names of its columns.

    Whoever is told its `leaf_hash` can later prove that this is what was recorded, even of the
    moment before it had a place in the tree.
    """

    id: UUID
    action: Action
    actor_id: UUID
    actor_sequence: int
    subject_type: str
    subject_id: UUID
    project_id: UUID | None
    recorded_at: datetime
    envelope: bytes = b""
    leaf_hash: bytes = b""
    leaf_index: int | None = None


# What makes an entry of its actor's number.
Numbered: TypeAlias = Callable[[int], Recorded]

# The number that this process gave to an actor last. It may be wrong: that costs time alone.
_last_given: dict[UUID, int] = {}


def keep_numbered(connection: Connection, actor_id: UUID, numbered: Numbered) -> Recorded:
    """Keep the entry that `numbered` makes of its actor's next number."""
    if connection.dialect.name != "postgresql":
        entry = numbered(_next_sequence(connection, actor_id))
        _KEEP.run(connection, entry._asdict())
        return entry
    entry = _kept_as_guessed(connection, numbered(_last_given.get(actor_id, 0) + 1), numbered)
    if len(_last_given) >= MOST_REMEMBERED:
        _last_given.clear()
    _last_given[actor_id] = entry.actor_sequence
    return entry


def _kept_as_guessed(connection: Connection, guess: Recorded, numbered: Numbered) -> Recorded:
    counted = _COUNT_AND_KEEP.first(connection, guess._asdict())
    if counted is None:
        raise RuntimeError(SILENT)
    if counted.n_kept:
        return guess
    entry = numbered(int(counted.last_sequence))
    _KEEP.run(connection, entry._asdict())
    return entry


def _next_sequence(connection: Connection, actor_id: UUID) -> int:
    counted = _COUNT[connection.dialect.name].first(connection, {"actor_id": actor_id})
    if counted is None:
        raise RuntimeError(SILENT)
    return int(counted.last_sequence)


def _counting(insert: Upsert) -> Upsert:
    actor_id = sa.bindparam("actor_id", type_=COUNTER.c.actor_id.type)
    return insert.values(actor_id=actor_id, last_sequence=1).on_conflict_do_update(
        index_elements=["actor_id"], set_={"last_sequence": COUNTER.c.last_sequence + 1}
    )


def _counting_and_keeping(insert: Upsert) -> sa.Select[int, int]:
    counted = _counting(insert).returning(COUNTER.c.last_sequence).cte("counted")
    given = {
        name: sa.bindparam(name, type_=ENTRY.c[name].type)
        for name in Recorded._fields
        if name != "leaf_index"
    }
    row = sa.select(*given.values()).where(counted.c.last_sequence == given["actor_sequence"])
    kept = sa.insert(ENTRY).from_select(list(given), row.select_from(counted))
    kept_ids = kept.returning(ENTRY.c.id).cte("kept")
    n_kept = sa.select(sa.func.count()).select_from(kept_ids).scalar_subquery()
    return sa.select(counted.c.last_sequence, n_kept.label("n_kept"))


SILENT = "the database counted an actor's entry and did not say so"
_COUNT = {
    name: Statement(_counting(insert(COUNTER)).returning(COUNTER.c.last_sequence))
    for name, insert in INSERTS.items()
}
_COUNT_AND_KEEP = Statement(_counting_and_keeping(INSERTS["postgresql"](COUNTER)))
_KEEP = Statement(sa.insert(ENTRY))
