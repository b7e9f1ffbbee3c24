"""Which checkpoint is served, and which a witness is asked for, on both databases."""

from datetime import timedelta

import pytest

from audit.cosigning import CosignatureKind, CosigningKey
from audit.notes import Note
from audit.witness_policy import NO_WITNESSES, WitnessPolicy
from audit.witnessing import (
    PATIENCE,
    checkpoint_over,
    cosigned_checkpoint,
    keep_cosignature,
    next_size_for,
    note_standing,
    witness_health,
)
from folkmoot.kernel import clock
from folkmoot.kernel.unit_of_work import reading, unit_of_work

from .conftest import Log
from .long_log import fill

KEYS = [CosigningKey.generate(f"w{n}.example", CosignatureKind.ED25519) for n in range(3)]
POLICY = WitnessPolicy.parse(
    "\n".join(f"witness w{n} {key.public.to_text()}" for n, key in enumerate(KEYS))
    + "\ngroup two 2 w0 w1 w2\nquorum two\n"
)


@pytest.fixture
def signed(log: Log) -> Log:
    """A log that was signed at sizes 2, 5 and 9."""
    fill(log.engine, log.key, sizes=(2, 5, 9))
    return log


def cosign(log: Log, size: int, *numbers: int) -> None:
    with unit_of_work(log.engine) as uow:
        text = Note.parse(cosigned_checkpoint(uow, size=size) or "").text
        for number in numbers:
            signature = KEYS[number].cosign(text, timestamp=7)
            keep_cosignature(uow, size=size, key=KEYS[number].public, signature=signature)


def served_size(log: Log, policy: WitnessPolicy = POLICY) -> int:
    with reading(log.engine) as uow:
        return int((cosigned_checkpoint(uow, policy=policy) or "\n0").split("\n")[1])


def next_size(log: Log, number: int) -> int | None:
    with reading(log.engine) as uow:
        return next_size_for(uow, policy=POLICY, key=KEYS[number].public)


def test_the_newest_checkpoint_that_meets_the_quorum_is_served(signed: Log):
    assert served_size(signed) == 9  # while none does, the newest
    cosign(signed, 9, 0)
    cosign(signed, 5, 1, 2)
    cosign(signed, 2, 0, 1, 2)

    assert served_size(signed) == 5
    assert served_size(signed, NO_WITNESSES) == 9
    cosign(signed, 9, 2)
    assert served_size(signed) == 9


def test_an_entry_is_proven_under_the_quorum_where_that_reaches_it(signed: Log):
    cosign(signed, 5, 0, 1)
    with reading(signed.engine) as uow:
        notes = [checkpoint_over(uow, index=index, policy=POLICY) or "" for index in (4, 5)]
        beyond = checkpoint_over(uow, index=9, policy=POLICY)

    assert [note.split("\n")[1] for note in notes] == ["5", "9"]
    assert notes[0].count("\N{EM DASH}") == 3
    assert beyond is None


def test_witnesses_follow_the_one_ahead_until_a_quorum_or_patience_ends(signed: Log):
    assert [next_size(signed, number) for number in range(3)] == [9, 9, 9]
    cosign(signed, 5, 0)
    assert [next_size(signed, number) for number in range(3)] == [None, 5, 5]
    with clock.moved_to(clock.now() + PATIENCE + timedelta(seconds=1)):
        assert [next_size(signed, number) for number in range(3)] == [9, 9, 9]

    cosign(signed, 5, 1)
    assert [next_size(signed, number) for number in range(3)] == [9, 9, 9]
    cosign(signed, 9, 0, 1, 2)
    assert [next_size(signed, number) for number in range(3)] == [None, None, None]


def test_the_health_of_witnesses_says_what_they_cosigned_last(signed: Log):
    cosign(signed, 2, 0)
    cosign(signed, 5, 0)
    cosign(signed, 5, 0)  # again, as after an answer that was lost
    with unit_of_work(signed.engine) as uow:
        note_standing(uow, key=KEYS[1].public, problem="It does not answer.")
        note_standing(uow, key=KEYS[1].public, problem="It still does not.")

    with reading(signed.engine) as uow:
        first, second, third = witness_health(uow, POLICY)

    assert (first.name, first.size, first.problem) == ("w0", 5, "")
    assert first.cosigned_at is not None
    assert (second.size, second.problem) == (0, "It still does not.")
    assert (third.size, third.asked_at) == (0, None)
