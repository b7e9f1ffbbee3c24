"""What the log serves: tiles of hashes and bundles of entries, by c2sp.org/tlog-tiles."""

from collections.abc import Sequence

from sqlmodel import col, select

from audit.actions import Action
from audit.merkle import leaf_hash
from audit.models import Entry
from audit.tile_bundles import to_bundle
from audit.tile_paths import TILE_WIDTH, TilePlace
from audit.tiles import StoredTree
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork

NO_TILE = "The log has no such tile."
NO_ENTRIES = "Entries of this bundle are no longer kept; the tile of their hashes still is."


def content_at(uow: UnitOfWork, place: TilePlace, *, size: int) -> bytes:
    """Return what lies at a place in a log of this size, or raise NotFound."""
    if place.leaves.stop > size:
        raise NotFound(NO_TILE)
    if place.level is None:
        return _bundle(uow, place)
    hashes = StoredTree(uow, place.leaves.stop).hashes(place.level, place.index)
    return b"".join(hashes)


def emptied_bundles(uow: UnitOfWork, *, size: int) -> Sequence[int]:
    """Return which bundles of a log of this size lack entries, because their time is over."""
    # Every entry is looked at, so only where anything was ever taken away.
    applied = select(Entry.id).where(Entry.action == Action.RETENTION_APPLIED).limit(1)
    if uow.session.exec(applied).first() is None:
        return []
    bundle = col(Entry.leaf_index) // TILE_WIDTH
    emptied = select(bundle).where(Entry.envelope == b"", col(Entry.leaf_index) < size)
    return [one for one in uow.session.exec(emptied.distinct()) if one is not None]


def _bundle(uow: UnitOfWork, place: TilePlace) -> bytes:
    leaves = place.leaves
    statement = select(Entry.envelope, Entry.leaf_hash).where(
        col(Entry.leaf_index) >= leaves.start, col(Entry.leaf_index) < leaves.stop
    )
    rows = uow.session.exec(statement.order_by(col(Entry.leaf_index))).all()
    # Retention may have taken entries away, and what is left of one is not what was sealed.
    kept = [envelope for envelope, leaf in rows if leaf_hash(envelope) == leaf]
    if len(kept) != len(leaves):
        raise NotFound(NO_ENTRIES)
    return to_bundle(kept)
