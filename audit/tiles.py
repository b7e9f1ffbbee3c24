"""Keep the tree's hashes in tiles, so that any proof at any size takes O(log n) work.

Tiles are derived: they are made of the leaf hashes of sealed entries. Where they are missing, as in
a log that is older than its tiles, the next sealing makes them anew.
"""

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

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
from audit.models import Entry, SignedCheckpoint
from audit.notes import Checkpoint, Note
from audit.signing_keys import NoteError
from audit.tile_models import Tile
from audit.tile_paths import TILE_HEIGHT, TILE_WIDTH
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork

ROWS_AT_A_TIME = 5_000
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
    uow.session.execute(sa.delete(Tile))
    uow.session.expire_all()
    some: list[bytes] = []
    n_leaves = 0
    for leaf in _streamed_leaves(uow, size):
        some.append(leaf)
        n_leaves += 1
        if len(some) == TILE_WIDTH:
            _keep_full_tiles(uow, n_leaves - TILE_WIDTH, some)
            some = []
    if n_leaves != size:
        raise Conflict(MISSING_ENTRIES)


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
    statement = select(Entry.leaf_hash).where(
        col(Entry.leaf_index) >= leaves.start, col(Entry.leaf_index) < leaves.stop
    )
    found = list(uow.session.exec(statement.order_by(col(Entry.leaf_index)))) if leaves else []
    if len(found) != len(leaves):
        raise Conflict(MISSING_ENTRIES)
    return found


def _lacks_tiles(uow: UnitOfWork, size: int) -> bool:
    if size < TILE_WIDTH:
        return False
    newest = select(Tile.tile_index).where(
        Tile.level == 0, Tile.tile_index == size // TILE_WIDTH - 1
    )
    return uow.session.exec(newest).first() is None


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
        index = (first + start) // TILE_WIDTH
        hashes = leaves[start : start + TILE_WIDTH]
        # No objects: a million leaves would leave four thousand of them in the session.
        row = {"level": 0, "tile_index": index, "hashes": b"".join(hashes)}
        uow.session.execute(sa.insert(Tile), [row])
        _append(uow, 1, index, root_of(hashes))


def _append(uow: UnitOfWork, level: int, position: int, digest: bytes) -> None:
    """Add the hash of a full tile to the tile above it, and so on upwards."""
    index, offset = divmod(position, TILE_WIDTH)
    tile = uow.session.get(Tile, (level, index))
    if tile is None:
        tile = Tile(level=level, tile_index=index, hashes=b"")
        uow.session.add(tile)
    if len(tile.hashes) != offset * HASH_BYTES:
        raise Conflict(DAMAGED_TILES)
    tile.hashes += digest
    if offset == TILE_WIDTH - 1:
        _append(uow, level + 1, index, root_of(_each_hash(tile.hashes)))


def _stored_hashes(uow: UnitOfWork, level: int, index: int) -> list[bytes]:
    statement = select(Tile.hashes).where(Tile.level == level, Tile.tile_index == index)
    return _each_hash(uow.session.exec(statement).first() or b"")


def _each_hash(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _streamed_leaves(uow: UnitOfWork, size: int) -> Iterator[bytes]:
    statement = select(Entry.leaf_hash).where(col(Entry.leaf_index) < size)
    ordered = statement.order_by(col(Entry.leaf_index))
    streamed: Iterable[bytes] = uow.session.exec(
        ordered, execution_options={"yield_per": ROWS_AT_A_TIME}
    )
    yield from streamed
