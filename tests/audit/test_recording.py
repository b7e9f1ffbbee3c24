"""Entries are written with what they record, numbered without a gap."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlmodel import col, select

from audit import numbering
from audit.actions import Action
from audit.disclosing import disclosed_fields
from audit.merkle import leaf_hash
from audit.models import Entry
from audit.recording import record
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput, TooLarge
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import Announcement, reading, unit_of_work

from .conftest import ACTOR, Log


def entries(log: Log) -> list[Entry]:
    with reading(log.engine) as uow:
        return list(uow.session.exec(select(Entry).order_by(col(Entry.id))))


def test_an_entry_vanishes_with_the_change_that_it_records(log: Log) -> None:
    with suppress(ZeroDivisionError), unit_of_work(log.engine) as uow:
        record(uow, ACTOR, Action.POLICY_SET, subject_type="x", subject_id=new_id(), facts={})
        _ = 1 / 0
    assert entries(log) == []
    assert log.record().actor_sequence == 1


def test_facts_that_json_cannot_carry_stop_the_change(log: Log) -> None:
    with pytest.raises(InvalidInput, match="no canonical form"), unit_of_work(log.engine) as uow:
        record(
            uow,
            ACTOR,
            Action.POLICY_SET,
            subject_type="x",
            subject_id=new_id(),
            facts={"share": float("nan")},
        )
    assert entries(log) == []


@pytest.mark.parametrize("n_bytes", [70_000, 2_000_000])
def test_more_than_a_leaf_can_hold_stops_the_change(log: Log, n_bytes: int) -> None:
    with pytest.raises(TooLarge, match="65535 are the most"), unit_of_work(log.engine) as uow:
        record(
            uow,
            ACTOR,
            Action.POLICY_SET,
            subject_type="x",
            subject_id=new_id(),
            facts={"rules": "x" * n_bytes},
        )
    assert entries(log) == []
    assert log.record().actor_sequence == 1


def test_who_records_is_told_what_will_be_proven(log: Log) -> None:
    told = log.record(reason="Maria moved away")
    (entry,) = entries(log)
    assert told.leaf_hash == entry.leaf_hash == leaf_hash(entry.envelope)
    assert told._asdict() == {**entry.model_dump()}


def test_personal_text_is_not_in_the_envelope(log: Log) -> None:
    log.record(reason="Maria moved away")
    (entry,) = entries(log)
    assert b"Maria" not in entry.envelope
    assert set(json.loads(entry.envelope)["commitments"]) == {"reason"}


def test_the_same_text_is_committed_to_differently_each_time(log: Log) -> None:
    log.record(reason="same")
    log.record(reason="same")
    first, second = (json.loads(one.envelope)["commitments"]["reason"] for one in entries(log))
    assert first != second
    with reading(log.engine) as uow:
        texts = [disclosed_fields(uow, one.id)["reason"] for one in entries(log)]
    assert len({text.salt for text in texts}) == 2


def test_actors_are_numbered_apart(log: Log) -> None:
    other = Actor(new_id(), "Rafael")
    numbers = [log.record(actor).actor_sequence for actor in (ACTOR, ACTOR, other, ACTOR)]
    assert numbers == [1, 2, 1, 3]


def test_an_actor_acting_at_once_in_many_places_leaves_no_gap(log: Log) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: log.record().actor_sequence, range(24)))
    assert sorted(numbers) == list(range(1, 25))


def test_a_number_that_was_guessed_wrong_is_still_the_next_one(log: Log) -> None:
    assert [log.record().actor_sequence for _ in range(2)] == [1, 2]
    numbering._last_given[ACTOR.id] = 7  # what another process gave meanwhile is not known here
    assert log.record().actor_sequence == 3
    with suppress(ZeroDivisionError), unit_of_work(log.engine) as uow:
        record(uow, ACTOR, Action.POLICY_SET, subject_type="x", subject_id=new_id(), facts={})
        _ = 1 / 0
    assert log.record().actor_sequence == 4
    log.seal()
    assert log.verify().is_sound


def test_sealing_is_announced_once_after_the_commit(log: Log) -> None:
    heard: list[Announcement] = []
    with unit_of_work(log.engine, heard.append) as uow:
        for _ in range(3):
            record(uow, ACTOR, Action.POLICY_SET, subject_type="x", subject_id=new_id(), facts={})
        assert heard == []
    assert heard == [Announcement("seal-log", "log")]
