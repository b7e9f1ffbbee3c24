"""Sealing gives contiguous indices, and refuses to build upon what was not signed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import col, select

from audit.keys import LogKey
from audit.merkle import root_of
from audit.models import Entry, SignedCheckpoint
from audit.notes import open_checkpoint
from audit.signing_keys import SigningKey
from audit.tiles import root_at
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import reading, unit_of_work

from .conftest import ORIGIN, Log


def sealed(log: Log) -> list[Entry]:
    with reading(log.engine) as uow:
        statement = select(Entry).where(col(Entry.leaf_index).is_not(None))
        return list(uow.session.exec(statement.order_by(col(Entry.leaf_index))))


def test_an_empty_log_is_not_sealed(log: Log) -> None:
    assert log.seal() == 0


def test_entries_get_contiguous_indices_over_several_batches(log: Log) -> None:
    for count in (1, 3, 2):
        for _ in range(count):
            log.record()
        log.seal()
    assert [one.leaf_index for one in sealed(log)] == list(range(6))


def test_the_checkpoint_signs_the_root_of_all_leaves(log: Log) -> None:
    for _ in range(5):
        log.record()
    log.seal()
    with reading(log.engine) as uow:
        note = uow.session.exec(select(SignedCheckpoint.note)).one()
    checkpoint = open_checkpoint(note, [log.key.key.verifier], origin=ORIGIN)
    assert checkpoint.size == 5
    assert checkpoint.root == root_of([one.leaf_hash for one in sealed(log)])


def test_a_second_sealing_of_the_same_entries_changes_nothing(log: Log) -> None:
    log.record()
    assert log.seal() == 1
    assert log.seal() == 0


def test_sealers_at_once_give_every_index_once(log: Log) -> None:
    for _ in range(20):
        log.record()
    with ThreadPoolExecutor(4) as pool:  # the log has no head yet, which they would all make
        sizes = list(pool.map(lambda _: log.seal(batch=4), range(8)))
    assert sorted(sizes) == [0, 0, 0, 4, 8, 12, 16, 20]
    assert [one.leaf_index for one in sealed(log)] == list(range(20))
    assert log.verify().is_sound


def test_a_head_that_was_not_signed_last_is_not_built_upon(log: Log) -> None:
    log.record()
    log.seal()
    log.tamper("UPDATE audit_log_head SET size = 0, frontier = '{\"hashes\": []}'")
    log.record()
    with pytest.raises(Conflict, match="not what was signed last"):
        log.seal()
    assert len(sealed(log)) == 1


def test_another_key_does_not_continue_the_log(log: Log) -> None:
    log.record()
    log.seal()
    log.record()
    stranger = LogKey(ORIGIN, SigningKey.generate(ORIGIN))
    log.key, own = stranger, log.key
    with pytest.raises(Conflict, match="not ours"):
        log.seal()
    log.key = own
    assert log.seal() == 2


def test_a_failed_sealing_leaves_everything_as_it_was(log: Log) -> None:
    log.record()

    class Broken(LogKey):
        def sign(self, checkpoint: object) -> str:
            raise OSError(str(checkpoint))

    log.key, own = Broken(ORIGIN, log.key.key), log.key
    with pytest.raises(OSError, match="size=1"), unit_of_work(log.engine):
        log.seal()
    log.key = own
    assert sealed(log) == []
    assert log.seal() == 1


@pytest.mark.parametrize(
    "frontier", ['{"hashes": []}', '{"hash": []}', '{"hashes": ["zz"]}', "[]", '{"hashes": 5}']
)
def test_a_damaged_head_is_refused_in_a_sentence(log: Log, frontier: str) -> None:
    log.record()
    log.seal()
    log.tamper(f"UPDATE audit_log_head SET frontier = '{frontier}'")
    log.record()
    with pytest.raises(Conflict, match="head is damaged"):
        log.seal()


def test_a_damaged_leaf_is_refused_in_a_sentence(log: Log) -> None:
    log.record()
    log.tamper("UPDATE audit_entry SET leaf_hash = :h", h=b"short")
    with pytest.raises(Conflict, match="entry is damaged"):
        log.seal()


def test_an_entry_that_would_never_verify_is_not_sealed(log: Log) -> None:
    log.record()
    log.tamper("UPDATE audit_entry SET envelope = :e", e=b'{"facts":{}}')
    with pytest.raises(Conflict, match="entry is damaged"):
        log.seal()


def test_a_backlog_is_sealed_in_batches_that_make_the_same_tree(log: Log) -> None:
    recorded = [log.record().leaf_hash for _ in range(30)]
    assert [log.seal(batch=7) for _ in range(6)] == [7, 14, 21, 28, 30, 0]
    with reading(log.engine) as uow:
        assert root_at(uow, size=30) == root_of(recorded)
    assert log.verify().is_sound
