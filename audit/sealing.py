"""Give committed entries their place in the tree, batch by batch, and sign where it stands."""

from collections.abc import Sequence

from sqlmodel import col, select

from audit.keys import LogKey
from audit.merkle import Frontier
from audit.models import Entry, LogHead, SignedCheckpoint
from audit.notes import Checkpoint, open_checkpoint
from audit.signing_keys import NoteError
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork

BATCH = 1000


def seal_log(uow: UnitOfWork, log_key: LogKey, *, batch: int = BATCH) -> Checkpoint | None:
    """Seal up to `batch` entries under a new signed checkpoint, or return None if none waits.

    Only one sealer works at a time: it holds the head's row (PostgreSQL) or the writer's lock
    (SQLite) until its commit. Indices follow no clock and no sequence of the database, since both
    can commit out of order: an entry is sealed once it is seen.
    """
    head = _locked_head(uow, log_key.origin)
    waiting = _unsealed(uow, batch)
    if not waiting:
        return None
    _refuse_other_past(uow, head, log_key)
    frontier = frontier_of(head).extend([entry.leaf_hash for entry in waiting])
    for index, entry in enumerate(waiting, head.size):
        entry.leaf_index = index
    head.size = frontier.size
    head.frontier = {"hashes": list(frontier.to_hex())}
    checkpoint = Checkpoint(log_key.origin, frontier.size, frontier.root())
    note = log_key.sign(checkpoint)
    uow.session.add(SignedCheckpoint(size=frontier.size, note=note, signed_at=clock.now()))
    return checkpoint


def frontier_of(head: LogHead) -> Frontier:
    """Return what the head remembers of the tree."""
    hashes = head.frontier["hashes"]
    if not isinstance(hashes, list):
        raise TypeError("a log head keeps a list of hashes")
    return Frontier.from_hex(head.size, [str(one) for one in hashes])


def _refuse_other_past(uow: UnitOfWork, head: LogHead, log_key: LogKey) -> None:
    """Refuse to build upon a head that is not what was signed last."""
    statement = select(SignedCheckpoint).order_by(col(SignedCheckpoint.size).desc()).limit(1)
    last = uow.session.exec(statement).first()
    if last is None and head.size == 0:
        return
    try:
        note = last.note if last else ""
        signed = open_checkpoint(note, [log_key.key.verifier], origin=log_key.origin)
    except NoteError as error:
        raise Conflict(
            f"The log's last checkpoint is not ours, nothing is sealed: {error}"
        ) from error
    if (signed.size, signed.root) != (head.size, frontier_of(head).root()):
        raise Conflict(
            f"The log's head (size {head.size}) is not what was signed last (size {signed.size}): "
            "nothing is sealed before `folkmoot audit verify` has found out why."
        )


def _locked_head(uow: UnitOfWork, origin: str) -> LogHead:
    head = uow.session.get(LogHead, origin, with_for_update=True)
    if head is None:
        head = LogHead(origin=origin, size=0, frontier={"hashes": []})
        uow.session.add(head)
        uow.session.flush()  # the first of two sealers wins; the other fails and tries again
    return head


def _unsealed(uow: UnitOfWork, batch: int) -> Sequence[Entry]:
    statement = select(Entry).where(col(Entry.leaf_index).is_(None)).order_by(col(Entry.id))
    return uow.session.exec(statement.limit(batch)).all()
