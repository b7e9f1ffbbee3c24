"""Head and tiles are made anew from the entries, and only as they were signed."""

import pytest

from audit.rebuilding import rebuild_log
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import unit_of_work

from .conftest import Log


@pytest.fixture
def sealed(log: Log) -> Log:
    for _ in range(5):
        log.record()
    log.seal(batch=3)
    log.seal()
    return log


def rebuild(log: Log) -> int:
    with unit_of_work(log.engine) as uow:
        return rebuild_log(uow, log.key).size


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audit_log_head SET size = 3",
        "UPDATE audit_log_head SET frontier = '[]'",
        "DELETE FROM audit_log_head",
    ],
)
def test_a_damaged_head_is_made_anew_and_the_log_goes_on(sealed: Log, damage: str) -> None:
    sealed.tamper(damage)
    sealed.record()
    with pytest.raises(Conflict):
        sealed.seal()
    assert rebuild(sealed) == 5
    assert sealed.seal() == 6
    assert sealed.verify().is_sound


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audit_entry SET leaf_hash = :b WHERE leaf_index = 2",
        "UPDATE audit_entry SET leaf_index = 9 WHERE leaf_index = 2",
        "UPDATE audit_entry SET leaf_index = NULL WHERE leaf_index = 4",
    ],
)
def test_entries_that_were_not_signed_are_not_built_upon(sealed: Log, damage: str) -> None:
    sealed.tamper("UPDATE audit_log_head SET size = 3")
    values = {"b": b"x" * 32} if ":b" in damage else {}
    sealed.tamper(damage, **values)
    with pytest.raises(Conflict, match=r"damaged|not those that were signed"):
        rebuild(sealed)


def test_an_empty_log_is_made_anew_too(log: Log) -> None:
    assert rebuild(log) == 0
    log.record()
    assert log.seal() == 1
