"""Check that the stored tiles hold the hashes of the entries, and no others."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import col

from audit.entry_check import leaf_of
from audit.models import Entry
from audit.stored_rows import StoredTable, stored_rows
from audit.tile_building import tiles_over
from audit.tile_models import Tile
from audit.tile_paths import TilePlace
from audit.verdicts import Finding
from folkmoot.kernel.unit_of_work import UnitOfWork


def tile_findings(uow: UnitOfWork) -> Iterator[Finding]:
    """Yield what is wrong with the tiles; a log that has none yet gets them when it is sealed."""
    n_stored = uow.session.execute(sa.select(sa.func.count()).select_from(Tile)).scalar_one()
    if not n_stored:
        return
    n_found = 0
    for place, hashes in tiles_over(_leaves(uow)):
        stored = _stored(uow, place)
        n_found += stored is not None
        if stored != hashes:
            yield Finding(f"The log's {place.to_path()} does not hold the hashes of its entries.")
    if n_found != n_stored:
        yield Finding("There are tiles of entries that the log does not have.")


def _leaves(uow: UnitOfWork) -> Iterator[bytes]:
    """Yield the leaf hashes in their order, up to the first that cannot be one."""
    entries = StoredTable(uow, Entry)
    statement = sa.select(*entries.columns("leaf_index", "leaf_hash"))
    sealed = statement.where(col(Entry.leaf_index).is_not(None)).order_by(col(Entry.leaf_index))
    for expected, row in enumerate(stored_rows(uow, sealed)):
        leaf = leaf_of(entries.raw(row, "leaf_hash"))
        if leaf is None or entries.raw(row, "leaf_index") != expected:
            return  # the check of the tree says so already
        yield leaf


def _stored(uow: UnitOfWork, place: TilePlace) -> object:
    table = StoredTable(uow, Tile)
    of_place = sa.and_(col(Tile.level) == place.level, col(Tile.tile_index) == place.index)
    statement = sa.select(*table.columns("hashes")).where(of_place)
    row = next(stored_rows(uow, statement), None)
    return None if row is None else _as_bytes(table.raw(row, "hashes"))


def _as_bytes(value: object) -> object:
    # Some drivers hand out a view of the bytes.
    return bytes(value) if isinstance(value, memoryview) else value
