"""Make anew what is derived of the entries: the tree's head and its tiles.

They are kept in the same transaction as the indices, so no crash can part them. This is for a
database in which somebody damaged them, and it is done only where the entries themselves lead to
what was signed last.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from audit import tiles
from audit.keys import LogKey
from audit.merkle import Frontier, MerkleError
from audit.notes import Checkpoint
from audit.sealing import DAMAGED_ENTRY, lock_log, newest_signed
from audit.tables import ENTRY, HEAD
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork

LEAVES_AT_ONCE = 10_000


def rebuild_log(uow: UnitOfWork, log_key: LogKey) -> Checkpoint:
    """Make head and tiles anew; raise Conflict where the entries are not what was signed last.

    Memory stays flat, however large the log is.
    """
    lock_log(uow, log_key.origin)
    signed = newest_signed(uow, log_key) or Checkpoint(log_key.origin, 0, Frontier().root())
    frontier = frontier_of_entries(uow)
    if (frontier.size, frontier.root()) != (signed.size, signed.root):
        raise Conflict(
            f"The sealed entries ({frontier.size}) are not those that were signed last (size "
            f"{signed.size}): nothing is made anew. `folkmoot audit verify` names what is wrong."
        )
    tiles.rebuild(uow, size=frontier.size)
    uow.connection.execute(sa.delete(HEAD))
    head = {"size": frontier.size, "frontier": {"hashes": frontier.to_hex()}}
    uow.connection.execute(sa.insert(HEAD).values(origin=log_key.origin, **head))
    return signed


def frontier_of_entries(uow: UnitOfWork) -> Frontier:
    """Return the frontier over all sealed entries; raise Conflict where an index is missing."""
    frontier = Frontier()
    for first, leaves in _leaves(uow):
        if first != frontier.size:
            raise Conflict(DAMAGED_ENTRY)
        try:
            frontier = frontier.extend(leaves)
        except (TypeError, MerkleError) as error:
            raise Conflict(DAMAGED_ENTRY) from error
    return frontier


def _leaves(uow: UnitOfWork) -> Iterator[tuple[int, list[bytes]]]:
    """Yield leaf hashes in their order, some at a time, each with the index of the first."""
    placed = (
        sa.select(ENTRY.c.leaf_index, ENTRY.c.leaf_hash)
        .where(ENTRY.c.leaf_index.is_not(None))
        .order_by(ENTRY.c.leaf_index)
        .execution_options(yield_per=LEAVES_AT_ONCE)
    )
    for some in uow.connection.execute(placed).partitions():
        indices = [row.leaf_index for row in some]
        if indices != list(range(indices[0], indices[0] + len(some))):
            raise Conflict(DAMAGED_ENTRY)
        yield indices[0], [row.leaf_hash for row in some]
