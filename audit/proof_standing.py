"""How far an entry is proven: written, in the tree, under a checkpoint, cosigned by witnesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from audit.models import Entry, SignedCheckpoint
from audit.notes import Checkpoint, Note
from audit.signing_keys import NoteError
from audit.witness_models import Cosignature
from audit.witness_policy import WitnessPolicy
from audit.witnessing import checkpoint_over
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["Cosigner", "ProofStanding", "proof_standing"]


@dataclass(frozen=True)
class Cosigner:
    """A witness that cosigned a checkpoint, and when that reached us."""

    name: str
    cosigned_at: datetime


@dataclass(frozen=True)
class ProofStanding:
    """Under which checkpoint an entry is: the one that its receipt holds.

    `is_quorate`: enough witnesses cosigned it, as the policy has it.
    """

    size: int
    note: str
    signed_at: datetime
    sealed_at: datetime
    cosigners: Sequence[Cosigner]
    is_quorate: bool


def proof_standing(uow: UnitOfWork, entry: Entry, *, policy: WitnessPolicy) -> ProofStanding | None:
    """Return how an entry is proven, or None where no checkpoint covers it yet."""
    if entry.leaf_index is None:
        return None
    note = checkpoint_over(uow, index=entry.leaf_index, policy=policy)
    size = _size(note) if note is not None else None
    checkpoint = uow.session.get(SignedCheckpoint, size) if size is not None else None
    if note is None or checkpoint is None:
        return None
    rows = select(Cosignature).where(Cosignature.size == checkpoint.size)
    signed = uow.session.exec(rows.order_by(col(Cosignature.key))).all()
    return ProofStanding(
        size=checkpoint.size,
        note=note,
        signed_at=checkpoint.signed_at,
        sealed_at=_sealed_at(uow, entry.leaf_index),
        cosigners=[Cosigner(one.name, one.cosigned_at) for one in signed],
        is_quorate=policy.is_met_by([one.key for one in signed]),
    )


def _sealed_at(uow: UnitOfWork, index: int) -> datetime:
    """Return when the first checkpoint over an entry was signed."""
    covering = select(SignedCheckpoint.signed_at).where(col(SignedCheckpoint.size) > index)
    return uow.session.exec(covering.order_by(col(SignedCheckpoint.size)).limit(1)).one()


def _size(note: str) -> int | None:
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except NoteError:
        return None  # damaged; the check of the log says so
