"""What a database administrator can change, and what the check of the log says of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from audit.actions import Action
from audit.merkle import leaf_hash
from audit.recording import Recorded
from audit.verification import Claim
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import UnitOfWork

from .conftest import Log


@pytest.fixture
def history(log: Log) -> list[Recorded]:
    """Six entries of two actors, sealed in two batches."""
    other = Actor(new_id(), "Rafael")
    made = [log.record(reason=f"reason {n}") for n in range(3)]
    log.seal()
    made += [log.record(other, reason=f"reason {n}") for n in range(3, 6)]
    log.seal()
    return made


@dataclass
class Claims:
    """What business rows say, for the test to set."""

    said: list[Claim]
    actions: frozenset[Action] = frozenset()
    name: str = "rows"

    def claims(self, _uow: UnitOfWork) -> Iterator[Claim]:
        yield from self.said


def stored(log: Log, one: UUID) -> object:
    """Return an id as the database has it."""
    return one.hex if log.engine.dialect.name == "sqlite" else one


def claim_of(entry: Recorded, *, reason: str, hold_below: float = 0.75) -> Claim:
    return Claim(
        entry_id=entry.id,
        subject_type="policy",
        subject_id=entry.subject_id,
        facts={"hold_below": hold_below},
        personal={"reason": reason},
    )


def test_an_honest_log_is_sound(log: Log, history: list[Recorded]) -> None:
    honest = Claims([claim_of(one, reason=f"reason {n}") for n, one in enumerate(history)])
    verdict = log.verify(honest)
    assert verdict.findings == ()
    assert (verdict.size, verdict.checkpoints, verdict.claims, verdict.unsealed) == (6, 2, 6, 0)


def test_an_empty_log_is_sound(log: Log) -> None:
    assert log.verify().is_sound


def test_an_unsealed_entry_is_counted_and_is_no_finding(log: Log, history: list[Recorded]) -> None:
    log.record()
    verdict = log.verify()
    assert verdict.is_sound
    assert verdict.unsealed == 1


def test_a_text_that_is_gone_without_an_erasure_names_its_entry(
    log: Log, history: list[Recorded]
) -> None:
    log.forget_texts(2)
    (finding,) = log.verify().findings
    assert finding.leaf_index == 2


def test_a_text_of_another_entry_does_not_pass_for_its_own(
    log: Log, history: list[Recorded]
) -> None:
    sealed = "(SELECT sealed FROM audit_disclosure WHERE entry_id = :other)"
    log.tamper(
        f"UPDATE audit_disclosure SET sealed = {sealed} WHERE entry_id = :one",
        one=stored(log, history[2].id),
        other=stored(log, history[1].id),
    )
    (finding,) = log.verify().findings
    assert finding.leaf_index == 2


def test_where_no_wrapping_key_is_texts_are_counted_and_not_compared(
    log: Log, history: list[Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.stored_texts.wrapping_keys_of", lambda _engine: None)
    verdict = log.verify(Claims([claim_of(history[3], reason="reason 3")]))
    assert (verdict.findings, verdict.unread) == ((), 6)


EDITS = {
    "a disclosed text": "UPDATE audit_disclosure SET person_id = entry_id WHERE entry_id = "
    "(SELECT id FROM audit_entry WHERE leaf_index = 4)",
    "a column": "UPDATE audit_entry SET subject_type = 'forged' WHERE leaf_index = 4",
    "the time": "UPDATE audit_entry SET recorded_at = '2020-01-01' WHERE leaf_index = 4",
    "an actor": "UPDATE audit_entry SET actor_sequence = 99 WHERE leaf_index = 4",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_is_found_and_names_its_entry(log: Log, history: list[Recorded], edit: str) -> None:
    log.tamper(edit)
    assert 4 in {finding.leaf_index for finding in log.verify().findings}


def test_a_forged_envelope_is_found_even_with_its_hash_made_anew(
    log: Log, history: list[Recorded]
) -> None:
    forged = history[1].envelope.replace(b"0.75", b"0.05")
    log.tamper(
        "UPDATE audit_entry SET envelope = :e, leaf_hash = :h WHERE leaf_index = 1",
        e=forged,
        h=leaf_hash(forged),
    )
    sentences = [finding.sentence for finding in log.verify().findings]
    assert any("not what was signed" in one for one in sentences)


def test_a_forged_envelope_alone_names_its_entry(log: Log, history: list[Recorded]) -> None:
    forged = history[1].envelope.replace(b"0.75", b"0.05")
    log.tamper("UPDATE audit_entry SET envelope = :e WHERE leaf_index = 1", e=forged)
    assert log.verify().findings[0].leaf_index == 1


def test_a_deleted_entry_is_found(log: Log, history: list[Recorded]) -> None:
    log.forget_texts(2)
    log.tamper("DELETE FROM audit_entry WHERE leaf_index = 2")
    sentences = [finding.sentence for finding in log.verify().findings]
    assert any("Entry 2 is missing" in one for one in sentences)
    assert any("Entries of the actor" in one for one in sentences)


def test_a_truncated_tail_is_found(log: Log, history: list[Recorded]) -> None:
    log.forget_texts(4, 5)
    log.tamper("DELETE FROM audit_entry WHERE leaf_index >= 4")
    assert not log.verify().is_sound


def test_an_unsealed_entry_that_was_deleted_is_found(log: Log, history: list[Recorded]) -> None:
    log.record()
    log.tamper("DELETE FROM audit_entry WHERE leaf_index IS NULL")
    sentences = [finding.sentence for finding in log.verify().findings]
    assert any("Entries of the actor" in one for one in sentences)


def test_two_entries_that_changed_places_are_found(log: Log, history: list[Recorded]) -> None:
    for old, new in ((0, 90), (1, 0), (90, 1)):
        log.tamper("UPDATE audit_entry SET leaf_index = :n WHERE leaf_index = :o", n=new, o=old)
    assert not log.verify().is_sound


def test_a_checkpoint_of_another_key_is_found(log: Log, history: list[Recorded]) -> None:
    log.tamper("UPDATE audit_checkpoint SET note = replace(note, 'test.example', 'evil.example')")
    assert not log.verify().is_sound


def test_a_business_row_that_was_edited_names_its_entry(log: Log, history: list[Recorded]) -> None:
    edited = Claims([claim_of(history[3], reason="reason 3", hold_below=0.1)])
    (finding,) = log.verify(edited).findings
    assert finding.leaf_index == 3
    assert "changed after it was recorded" in finding.sentence


def test_a_reason_that_was_edited_in_the_business_row_names_its_entry(
    log: Log, history: list[Recorded]
) -> None:
    (finding,) = log.verify(Claims([claim_of(history[3], reason="forged")])).findings
    assert finding.leaf_index == 3
    assert "reason" in finding.sentence


def test_a_business_row_without_an_entry_is_found(log: Log, history: list[Recorded]) -> None:
    made_up = history[0]._replace(id=new_id())
    (finding,) = log.verify(Claims([claim_of(made_up, reason="x")])).findings
    assert "no entry" in finding.sentence


def test_a_text_whose_disclosure_was_removed_to_hide_an_edit_names_its_entry(
    log: Log, history: list[Recorded]
) -> None:
    log.forget_texts(3)
    findings = log.verify(Claims([claim_of(history[3], reason="forged")])).findings
    assert {finding.leaf_index for finding in findings} == {3}


def test_a_business_row_that_points_at_another_entry_names_it(
    log: Log, history: list[Recorded]
) -> None:
    moved = replace(claim_of(history[3], reason="reason 4"), entry_id=history[4].id)
    (finding,) = log.verify(Claims([moved])).findings
    assert finding.leaf_index == 4


def test_the_newest_checkpoint_cannot_be_deleted_in_silence(
    log: Log, history: list[Recorded]
) -> None:
    log.tamper("DELETE FROM audit_checkpoint WHERE size = 6")
    (finding,) = log.verify().findings
    assert "newest checkpoint is missing" in finding.sentence


def test_all_checkpoints_cannot_be_deleted_in_silence(log: Log, history: list[Recorded]) -> None:
    log.tamper("DELETE FROM audit_checkpoint")
    assert not log.verify().is_sound


def test_a_log_without_its_head_is_found(log: Log, history: list[Recorded]) -> None:
    log.tamper("DELETE FROM audit_log_head")
    (finding,) = log.verify().findings
    assert "no head" in finding.sentence


@pytest.mark.parametrize("frontier", ['{"hashes": []}', "[]", '{"hashes": ["zz", 5]}'])
def test_a_head_that_does_not_hold_the_trees_hashes_is_found(
    log: Log, history: list[Recorded], frontier: str
) -> None:
    log.tamper(f"UPDATE audit_log_head SET frontier = '{frontier}'")
    (finding,) = log.verify().findings
    assert "does not hold the hashes" in finding.sentence


def test_many_deleted_entries_in_a_row_are_one_gap(log: Log, history: list[Recorded]) -> None:
    log.forget_texts(1, 2)
    log.tamper("DELETE FROM audit_entry WHERE leaf_index IN (1, 2)")
    gap, counter = log.verify().findings
    assert "The entries 1 to 2 are missing" in gap.sentence
    assert "actor" in counter.sentence


def test_a_wrong_root_is_found_once_and_not_at_every_later_checkpoint(
    log: Log, history: list[Recorded]
) -> None:
    forged = history[1].envelope.replace(b"0.75", b"0.05")
    log.tamper(
        "UPDATE audit_entry SET envelope = :e, leaf_hash = :h WHERE leaf_index = 1",
        e=forged,
        h=leaf_hash(forged),
    )
    (finding,) = log.verify().findings
    assert "at size 0 it still was" in finding.sentence


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE audit_entry SET subject_type = 'forged' WHERE leaf_index IS NULL",
        "UPDATE audit_disclosure SET person_id = entry_id WHERE entry_id = "
        "(SELECT id FROM audit_entry WHERE leaf_index IS NULL)",
    ],
)
def test_an_entry_that_waits_to_be_sealed_is_checked_too(
    log: Log, history: list[Recorded], edit: str
) -> None:
    waiting = log.record(reason="not sealed")
    log.tamper(edit)
    (finding,) = log.verify().findings
    assert finding.entry_id == waiting.id


def test_an_entry_whose_row_is_gone_is_found(log: Log, history: list[Recorded]) -> None:
    rows = Claims([], frozenset({Action.POLICY_SET}))
    assert [one.leaf_index for one in log.verify(rows).findings] == list(range(6))


def test_two_rows_for_one_entry_are_found(log: Log, history: list[Recorded]) -> None:
    honest = [claim_of(one, reason=f"reason {n}") for n, one in enumerate(history)]
    (finding,) = log.verify(Claims([*honest, honest[2]], frozenset({Action.POLICY_SET}))).findings
    assert finding.leaf_index == 2
