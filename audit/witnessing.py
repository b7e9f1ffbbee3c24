"""What witnesses said of our checkpoints: keep it, and say which checkpoint has enough of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from audit.cosigning import CosignerKey
from audit.models import SignedCheckpoint
from audit.notes import Signature
from audit.witness_models import Cosignature, WitnessStanding
from audit.witness_policy import NO_WITNESSES, WitnessPolicy
from folkmoot.kernel import clock
from folkmoot.kernel.unit_of_work import UnitOfWork

# A checkpoint that never met its quorum is not looked for farther back than this.
MOST_CHECKPOINTS_BACK = 1_000
# How long a checkpoint may keep the witness that has cosigned it from newer ones: longer than the
# pause between two askings, so that each of the others comes by.
PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True)
class WitnessHealth:
    """How a witness stands: the largest size it cosigned, when, and what keeps it from more."""

    name: str
    key: str
    url: str
    size: int
    cosigned_at: datetime | None
    asked_at: datetime | None
    problem: str


def cosigned_checkpoint(
    uow: UnitOfWork, *, size: int | None = None, policy: WitnessPolicy = NO_WITNESSES
) -> str | None:
    """Return a checkpoint's note with all cosignatures below it, or None where there is none.

    Without a size: the newest that meets the policy's quorum; where none does, the newest.
    """
    chosen = _quorate_size(uow, policy) if size is None else size
    checkpoint = uow.session.get(SignedCheckpoint, chosen) if chosen is not None else None
    if checkpoint is None:
        return None
    lines = select(Cosignature.line).where(Cosignature.size == checkpoint.size)
    return checkpoint.note + "".join(uow.session.exec(lines.order_by(col(Cosignature.key))))


def checkpoint_over(uow: UnitOfWork, *, index: int, policy: WitnessPolicy) -> str | None:
    """Return the note of the newest checkpoint over an entry, cosigned as wanted where one is."""
    quorate = _quorate_size(uow, policy)
    if quorate is not None and quorate > index:
        return cosigned_checkpoint(uow, size=quorate)
    newest = newest_size(uow)
    return cosigned_checkpoint(uow, size=newest) if newest > index else None


def keep_cosignature(uow: UnitOfWork, *, size: int, key: CosignerKey, signature: Signature) -> None:
    """Keep a cosignature that was verified; a later one of the same size takes its place."""
    # Our clock, not the witness's, which the signature states: one that is wrong must not count.
    uow.session.merge(
        Cosignature(
            size=size,
            key=key.label,
            name=key.name,
            line=signature.to_line(),
            cosigned_at=clock.now(),
        )
    )


def note_standing(uow: UnitOfWork, *, key: CosignerKey, problem: str = "") -> None:
    """Keep when a witness was asked, and what kept it from cosigning."""
    uow.session.merge(WitnessStanding(key=key.label, asked_at=clock.now(), problem=problem))


def newest_size(uow: UnitOfWork) -> int:
    """Return the size of the newest checkpoint, or 0 where nothing was signed yet."""
    return uow.session.exec(select(func.max(SignedCheckpoint.size))).one() or 0


def next_size_for(uow: UnitOfWork, *, policy: WitnessPolicy, key: CosignerKey) -> int | None:
    """Return which checkpoint a witness is to cosign now, or None where it has none to.

    Each witness is asked by itself, and yet a quorum must cosign the same checkpoint. So the one
    that is ahead waits a while for the others, who are asked for its checkpoint, not the newest.
    """
    own = cosigned_size(uow, key)
    leader, since = _ahead(uow, policy)
    is_open = since is not None and clock.now() - since < PATIENCE
    if is_open and not policy.is_met_by(labels_at(uow, size=leader)):
        return leader if own < leader else None
    newest = newest_size(uow)
    return newest if newest > own else None


def _ahead(uow: UnitOfWork, policy: WitnessPolicy) -> tuple[int, datetime | None]:
    """Return the largest size that a witness cosigned, and when it was cosigned first."""
    keys = [one.key.label for one in policy.witnesses]
    of_policy = col(Cosignature.key).in_(keys)
    size = uow.session.exec(select(func.max(Cosignature.size)).where(of_policy)).one() or 0
    first = select(func.min(Cosignature.cosigned_at)).where(of_policy, Cosignature.size == size)
    return size, uow.session.exec(first).one()


def cosigned_size(uow: UnitOfWork, key: CosignerKey) -> int:
    """Return the largest size that a witness cosigned, or 0."""
    statement = select(func.max(Cosignature.size)).where(Cosignature.key == key.label)
    return uow.session.exec(statement).one() or 0


def witness_health(uow: UnitOfWork, policy: WitnessPolicy) -> list[WitnessHealth]:
    """Return how each witness of the policy stands, in its order."""
    return [
        WitnessHealth(
            name=witness.name,
            key=witness.key.label,
            url=witness.url,
            size=newest.size if newest else 0,
            cosigned_at=newest.cosigned_at if newest else None,
            asked_at=standing.asked_at if standing else None,
            problem=standing.problem if standing else "",
        )
        for witness in policy.witnesses
        for newest in [_newest_of(uow, witness.key)]
        for standing in [uow.session.get(WitnessStanding, witness.key.label)]
    ]


def _quorate_size(uow: UnitOfWork, policy: WitnessPolicy) -> int | None:
    if policy.needs_witnesses:
        for size, labels in _cosigned_sizes(uow, policy):
            if policy.is_met_by(labels):
                return size
    return newest_size(uow) or None


def _cosigned_sizes(uow: UnitOfWork, policy: WitnessPolicy) -> Iterable[tuple[int, set[str]]]:
    """Yield the sizes that were cosigned, the largest first, and by whom."""
    keys = [one.key.label for one in policy.witnesses]
    statement = select(Cosignature.size, Cosignature.key).where(col(Cosignature.key).in_(keys))
    newest = statement.order_by(col(Cosignature.size).desc()).limit(MOST_CHECKPOINTS_BACK)
    grouped: dict[int, set[str]] = {}
    for size, label in uow.session.exec(newest):
        grouped.setdefault(size, set()).add(label)
    return grouped.items()


def _newest_of(uow: UnitOfWork, key: CosignerKey) -> Cosignature | None:
    statement = select(Cosignature).where(Cosignature.key == key.label)
    return uow.session.exec(statement.order_by(col(Cosignature.size).desc()).limit(1)).first()


def labels_at(uow: UnitOfWork, *, size: int) -> Sequence[str]:
    """Return by whom (`name+hash`) the checkpoint of a size is cosigned."""
    return uow.session.exec(select(Cosignature.key).where(Cosignature.size == size)).all()
