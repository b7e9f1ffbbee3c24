"""Keep the tree's hashes in tiles, so that any proof at any size takes O(log n) work.

Tiles are derived: they are made of the leaf hashes of sealed entries. Where they are missing, as in
a log that is older than its tiles, the next sealing makes them anew.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import sqlalchemy as sa

from audit.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    ConsistencyProof,
    InclusionProof,
    consistency_ranges,
    inclusion_ranges,
    node_hash,
    root_of,
    split,
)
from audit.models import SignedCheckpoint
from audit.notes import Checkpoint, Note
from audit.signing_keys import NoteError
from audit.tables import ENTRY, TILE
from audit.tile_building import tiles_over
from audit.tile_paths import TILE_HEIGHT, TILE_WIDTH, TilePlace
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

LEAVES_AT_A_TIME = 4_096
TILES_AT_A_TIME = 16
MISSING_ENTRIES = "Sealed entries are missing: `folkmoot audit verify` names them."
DAMAGED_TILES = "The log's tiles are damaged: `folkmoot audit verify` has to find out why."


def grow(uow: UnitOfWork, *, size: int, leaf_hashes: Sequence[bytes]) -> None:
    """Keep the tiles that these leaves, after the first `size` ones, make full.

    Called by the one sealer, in its transaction. A batch that fills no tile costs one look-up.
    """
    if _lacks_tiles(uow, size):
        rebuild(uow, size=size)
        _refuse_other_tree(uow, size)
    n_partial = size % TILE_WIDTH
    if n_partial + len(leaf_hashes) >= TILE_WIDTH:
        before = leaf_hashes_of(uow, range(size - n_partial, size))
        _keep_full_tiles(uow, size - n_partial, [*before, *leaf_hashes])


def rebuild(uow: UnitOfWork, *, size: int) -> None:
    """Make all tiles of the first `size` leaves anew, of the entries; memory stays flat."""
    uow.connection.execute(sa.delete(TILE))
    made = tiles_over(_leaves_page_by_page(uow, size))
    while rows := [_row(place, hashes) for place, hashes in islice(made, TILES_AT_A_TIME)]:
        _INSERT.run_many(uow.connection, rows)


def root_at(uow: UnitOfWork, *, size: int) -> bytes:
    """Return the root that the tree had at this size."""
    return StoredTree(uow, size).root(range(size))


def prove_inclusion_at(uow: UnitOfWork, *, index: int, size: int) -> InclusionProof:
    """Prove that leaf `index` is in the tree of the first `size` leaves."""
    tree = StoredTree(uow, size)
    return InclusionProof(index, size, tuple(map(tree.root, inclusion_ranges(index, size))))


def prove_consistency_at(uow: UnitOfWork, *, old_size: int, new_size: int) -> ConsistencyProof:
    """Prove that the tree of `new_size` leaves begins with the first `old_size` ones."""
    tree = StoredTree(uow, new_size)
    path = tuple(map(tree.root, consistency_ranges(old_size, new_size)))
    return ConsistencyProof(old_size, new_size, path)


class StoredTree:
    """The tree of the first `size` leaves, read from its tiles; each is read once."""

    def __init__(self, uow: UnitOfWork, size: int) -> None:
        self.uow = uow
        self.size = size
        self._read: dict[tuple[int, int], list[bytes]] = {}

    def root(self, leaves: range) -> bytes:
        """Return the root over leaves that are a subtree, or the rest of the tree."""
        if not leaves:
            return EMPTY_ROOT
        if len(leaves).bit_count() == 1:
            return self._root_of_complete(leaves)
        left, right = split(leaves)
        return node_hash(self.root(left), self.root(right))

    def hashes(self, level: int, index: int) -> list[bytes]:
        """Return the hashes that a tile has in the tree of this size."""
        if (level, index) not in self._read:
            self._read[level, index] = self._hashes(level, index)
        return self._read[level, index]

    def _root_of_complete(self, leaves: range) -> bytes:
        level, height = divmod(len(leaves).bit_length() - 1, TILE_HEIGHT)
        index, first = divmod(leaves.start >> (TILE_HEIGHT * level), TILE_WIDTH)
        return root_of(self.hashes(level, index)[first : first + (1 << height)])

    def _hashes(self, level: int, index: int) -> list[bytes]:
        first = index * TILE_WIDTH
        n_hashes = min(TILE_WIDTH, (self.size >> (TILE_HEIGHT * level)) - first)
        stored = _stored_hashes(self.uow, level, index)
        if len(stored) >= n_hashes:
            return stored[:n_hashes]
        if level == 0:
            return leaf_hashes_of(self.uow, range(first, first + n_hashes))
        return [root_of(self._hashes(level - 1, first + one)) for one in range(n_hashes)]


def leaf_hashes_of(uow: UnitOfWork, leaves: range) -> list[bytes]:
    """Return the leaf hashes of sealed entries, or raise Conflict where one is missing."""
    given = {"first": leaves.start, "stop": leaves.stop}
    found = [row[0] for row in _LEAVES.all(uow.connection, given)] if leaves else []
    if len(found) != len(leaves):
        raise Conflict(MISSING_ENTRIES)
    return found


def _leaves_page_by_page(uow: UnitOfWork, size: int) -> Iterator[bytes]:
    for first in range(0, size, LEAVES_AT_A_TIME):
        yield from leaf_hashes_of(uow, range(first, min(first + LEAVES_AT_A_TIME, size)))


def _lacks_tiles(uow: UnitOfWork, size: int) -> bool:
    return size >= TILE_WIDTH and not _stored_hashes(uow, 0, size // TILE_WIDTH - 1)


def _refuse_other_tree(uow: UnitOfWork, size: int) -> None:
    """Refuse tiles that do not lead to what was signed at this size."""
    signed = uow.session.get(SignedCheckpoint, size)
    if signed is None:
        return
    try:
        checkpoint = Checkpoint.parse(Note.parse(signed.note).text)
    except NoteError as error:
        raise Conflict(f"The checkpoint at size {size} is damaged: {error}") from error
    if checkpoint.root != root_at(uow, size=size):
        raise Conflict(f"The entries are not those that were signed at size {size}.")


def _keep_full_tiles(uow: UnitOfWork, first: int, leaves: Sequence[bytes]) -> None:
    for start in range(0, len(leaves) - TILE_WIDTH + 1, TILE_WIDTH):
        place = TilePlace(0, (first + start) // TILE_WIDTH)
        hashes = leaves[start : start + TILE_WIDTH]
        _INSERT.run(uow.connection, _row(place, b"".join(hashes)))
        _append(uow, 1, place.index, root_of(hashes))


def _append(uow: UnitOfWork, level: int, position: int, digest: bytes) -> None:
    """Add the hash of a full tile to the tile above it, and so on upwards."""
    index, offset = divmod(position, TILE_WIDTH)
    hashes = _stored_hashes(uow, level, index)
    if len(hashes) != offset:
        raise Conflict(DAMAGED_TILES)
    hashes.append(digest)
    row = _row(TilePlace(level, index), b"".join(hashes))
    if offset == 0:
        _INSERT.run(uow.connection, row)
    else:
        _GROW.run(uow.connection, {**row, "of_level": level, "of_index": index})
    if len(hashes) == TILE_WIDTH:
        _append(uow, level + 1, index, root_of(hashes))


def _row(place: TilePlace, hashes: bytes) -> dict[str, object]:
    return {"level": place.level, "tile_index": place.index, "hashes": hashes}


def _stored_hashes(uow: UnitOfWork, level: int, index: int) -> list[bytes]:
    row = _HASHES.first(uow.connection, {"of_level": level, "of_index": index})
    hashes: bytes = row.hashes if row is not None else b""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _whole_number(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.Integer)


_OF_PLACE = sa.and_(
    TILE.c.level == _whole_number("of_level"), TILE.c.tile_index == _whole_number("of_index")
)
_HASHES = Statement(sa.select(TILE.c.hashes).where(_OF_PLACE))
_INSERT = Statement(sa.insert(TILE))
_GROW = Statement(sa.update(TILE).where(_OF_PLACE), sets=("hashes",))
_LEAVES = Statement(
    sa.select(ENTRY.c.leaf_hash)
    .where(ENTRY.c.leaf_index >= _whole_number("first"), ENTRY.c.leaf_index < _whole_number("stop"))
    .order_by(ENTRY.c.leaf_index)
)
