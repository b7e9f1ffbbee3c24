"""Tiles give every proof at every size, grow with the log, and are made anew where they lack."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import select

from audit.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from audit.tile_bundles import EntryTooLarge, MalformedBundle, parse_bundle, to_bundle
from audit.tile_check import tile_findings
from audit.tile_models import Tile
from audit.tile_paths import TilePlace, bundles_of, tiles_of
from audit.tile_reading import content_at
from audit.tiles import prove_consistency_at, prove_inclusion_at, root_at
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.unit_of_work import reading

from .conftest import Log
from .long_log import SIZES, LongLog, envelope, fill, insert_waiting


@pytest.mark.parametrize("size", [0, *SIZES])
def test_the_root_of_the_tiles_is_the_root_of_the_entries(long_log: LongLog, size: int):
    with long_log.reading() as uow:
        assert root_at(uow, size=size) == root_of(long_log.leaves[:size])


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_proofs_of_tiles_at_any_size_are_those_of_the_entries(
    long_log: LongLog, data: st.DataObject
):
    size = data.draw(st.one_of(st.sampled_from(SIZES), st.integers(1, SIZES[-1])))
    index, old_size = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    leaves = long_log.leaves[:size]

    with long_log.reading() as uow:
        included = prove_inclusion_at(uow, index=index, size=size)
        grown = prove_consistency_at(uow, old_size=old_size, new_size=size)

    assert included == prove_inclusion(leaves, index)
    assert grown == prove_consistency(leaves, old_size)


def test_a_proof_reads_few_rows_however_long_the_log_is(long_log: LongLog):
    statements: list[str] = []

    with long_log.reading() as uow:
        uow.connection.connection.set_trace_callback(statements.append)
        prove_inclusion_at(uow, index=31_415, size=70_000)
        uow.connection.connection.set_trace_callback(None)

    assert 1 <= len([one for one in statements if "SELECT" in one]) <= 6


def test_the_places_of_seventy_thousand_entries_are_those_of_the_specification():
    places = list(tiles_of(70_000))

    full = [sum(one.level == level and one.is_full for one in places) for level in range(3)]
    partial = [(one.level, one.width) for one in places if not one.is_full]
    assert full == [273, 1, 0]
    assert partial == [(0, 112), (1, 17), (2, 1)]
    assert [one.to_path() for one in bundles_of(70_000)][-1] == "tile/entries/273.p/112"
    assert [one.to_path() for one in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 2**40), st.sampled_from([None, 0, 1, 2]), st.integers(1, 256))
def test_a_path_is_read_as_it_was_written(index: int, level: int | None, width: int):
    place = TilePlace(level, index, width)
    assert TilePlace.parse(place.to_path()) == place


def test_large_indices_are_written_in_threes():
    assert TilePlace(0, 1_234_067).to_path() == "tile/0/x001/x234/067"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/001/002",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000/", "tile/x/000",
        "tile/0/000.p/1.p/1", "tile/63/000", "tile/0/../000", "tile/0/٠٠٠",
    ],
)  # fmt: skip
def test_other_ways_of_writing_a_path_are_refused(path: str):
    with pytest.raises(ValueError, match=r"path of a tile|large enough"):
        TilePlace.parse(path)


def test_tiles_beyond_the_log_are_not_served(long_log: LongLog):
    beyond = ["tile/0/274", "tile/0/273", "tile/0/273.p/113", "tile/2/000.p/2", "tile/3/000.p/1"]
    with long_log.reading() as uow:
        for path in beyond:
            with pytest.raises(NotFound):
                content_at(uow, TilePlace.parse(path), size=70_000)


def test_a_bundle_holds_the_entries_that_its_tile_hashes(long_log: LongLog):
    with long_log.reading() as uow:
        bundle = content_at(uow, TilePlace(None, 273, 112), size=70_000)
        tile = content_at(uow, TilePlace(0, 273, 112), size=70_000)

    entries = parse_bundle(bundle)
    assert entries == [envelope(index) for index in range(69_888, 70_000)]
    assert b"".join(map(leaf_hash, entries)) == tile


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]):
    bundle = to_bundle(entries)
    assert parse_bundle(bundle) == entries
    if entries:
        with pytest.raises(MalformedBundle):
            parse_bundle(bundle[:-1] if entries[-1] else bundle + b"\x00")


def test_an_entry_that_no_bundle_can_hold_is_refused():
    with pytest.raises(EntryTooLarge):
        to_bundle([bytes(65_536)])
    assert len(to_bundle([bytes(65_535)])) == 65_537


def test_tiles_that_are_missing_are_made_anew_by_the_next_sealing(engine: Engine):
    log = Log(engine)
    fill(engine, log.key, sizes=(300, 600))
    log.tamper("DELETE FROM audit_tile")

    insert_waiting(engine, range(600, 601))
    with reading(engine) as uow:  # meanwhile proofs are made of the entries
        assert root_at(uow, size=600) == root_of([leaf_hash(envelope(n)) for n in range(600)])
    assert log.seal() == 601

    with reading(engine) as uow:
        kept = uow.session.exec(select(Tile.level, Tile.tile_index)).all()
    assert sorted(kept) == [(0, 0), (0, 1), (1, 0)]


def test_tiles_are_not_made_of_entries_that_are_not_what_was_signed(engine: Engine):
    log = Log(engine)
    fill(engine, log.key, sizes=(300,))
    log.tamper("DELETE FROM audit_tile")
    log.tamper("UPDATE audit_entry SET leaf_hash = :forged WHERE leaf_index = 7", forged=bytes(32))
    insert_waiting(engine, range(300, 301))

    with pytest.raises(Conflict, match="not those that were signed at size 300"):
        log.seal()


def test_a_bundle_lacks_entries_that_are_no_longer_what_was_sealed(engine: Engine):
    log = Log(engine)
    fill(engine, log.key, sizes=(3,))
    log.tamper("UPDATE audit_entry SET envelope = :nothing WHERE leaf_index = 1", nothing=b"")

    with reading(engine) as uow:
        assert len(content_at(uow, TilePlace(0, 0, 3), size=3)) == 96
        with pytest.raises(NotFound, match="no longer kept"):
            content_at(uow, TilePlace(None, 0, 3), size=3)


def test_an_empty_log_has_the_empty_root(engine: Engine):
    with reading(engine) as uow:
        assert root_at(uow, size=0) == EMPTY_ROOT
        with pytest.raises(NotFound):
            content_at(uow, TilePlace(0, 0, 1), size=0)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audit_tile SET hashes = :other WHERE level = 0 AND tile_index = 1",
        "UPDATE audit_tile SET hashes = :other WHERE level = 1",
        "DELETE FROM audit_tile WHERE level = 0 AND tile_index = 0",
        "INSERT INTO audit_tile (level, tile_index, hashes) VALUES (0, 9, :other)",
    ],
)
def test_a_damaged_tile_is_found_by_the_check_of_the_log(engine: Engine, damage: str):
    log = Log(engine)
    fill(engine, log.key, sizes=(300, 600))
    with reading(engine) as uow:
        assert list(tile_findings(uow)) == []

    log.tamper(damage, **({"other": bytes(8192)} if ":other" in damage else {}))

    assert [one for one in log.verify().findings if "tile" in one.sentence]
