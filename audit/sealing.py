"""Give committed entries their place in the tree, batch by batch, and sign where it stands."""

from collections.abc import Sequence
from functools import partial

from sqlmodel import col, select

from audit.keeping import CheckpointKeeper
from audit.keys import LogKey
from audit.merkle import Frontier, MerkleError, root_of
from audit.models import Entry, LogHead, SignedCheckpoint
from audit.notes import Checkpoint, open_checkpoint
from audit.signing_keys import NoteError
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork

BATCH = 1000
DAMAGED_HEAD = (
    "The log's head is damaged: nothing is sealed before `folkmoot audit verify` has found out why."
)
DAMAGED_ENTRY = "An entry is damaged, nothing is sealed: `folkmoot audit verify` names it."


def seal_log(
    uow: UnitOfWork,
    log_key: LogKey,
    *,
    keeper: CheckpointKeeper | None = None,
    batch: int = BATCH,
) -> Checkpoint | None:
    """Seal up to `batch` entries under a new signed checkpoint, or return None if none waits.

    Only one sealer works at a time: it holds the head's row (PostgreSQL) or the writer's lock
    (SQLite) until its commit. Indices follow no clock and no sequence of the database, since both
    can commit out of order: an entry is sealed once it is seen.

    `keeper` remembers the newest checkpoint outside the database. It is written after the commit:
    after a crash in between it is older than the database, which is no contradiction.
    """
    head = _locked_head(uow, log_key.origin)
    waiting = _unsealed(uow, batch)
    if not waiting:
        return None
    _refuse_other_past(uow, head, log_key)
    if keeper is not None:
        _refuse_forgotten_past(uow, head, log_key, keeper)
    frontier = _grown(head, waiting)
    for index, entry in enumerate(waiting, head.size):
        entry.leaf_index = index
    head.size = frontier.size
    head.frontier = {"hashes": list(frontier.to_hex())}
    checkpoint = Checkpoint(log_key.origin, frontier.size, frontier.root())
    note = log_key.sign(checkpoint)
    uow.session.add(SignedCheckpoint(size=frontier.size, note=note, signed_at=clock.now()))
    if keeper is not None:
        uow.after_commit(partial(keeper.keep, note))
    return checkpoint


def frontier_of(head: LogHead) -> Frontier:
    """Return what the head remembers of the tree, or refuse where it is damaged."""
    try:
        return Frontier.from_hex(head.size, _hashes_of(head))
    except (KeyError, TypeError, AttributeError, MerkleError) as error:
        raise Conflict(DAMAGED_HEAD) from error


def _hashes_of(head: LogHead) -> list[str]:
    hashes = head.frontier["hashes"]
    if not isinstance(hashes, list):
        raise TypeError("a log head keeps a list of hashes")
    return [str(one) for one in hashes]


def _grown(head: LogHead, waiting: Sequence[Entry]) -> Frontier:
    try:
        return frontier_of(head).extend([entry.leaf_hash for entry in waiting])
    except (TypeError, MerkleError) as error:
        raise Conflict(DAMAGED_ENTRY) from error


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


def _refuse_forgotten_past(
    uow: UnitOfWork, head: LogHead, log_key: LogKey, keeper: CheckpointKeeper
) -> None:
    """Refuse to build upon a log that lacks what was signed before, by the file that says so."""
    note = keeper.newest()
    if note is None:
        return
    try:
        kept = open_checkpoint(note, [log_key.key.verifier], origin=log_key.origin)
    except NoteError as error:
        raise Conflict(
            f"The checkpoint in {keeper.path} is not of this log: {error} "
            "If the log's key was changed on purpose, move that file away."
        ) from error
    if kept.size > head.size or kept.root != _root_at(uow, head, kept.size):
        raise Conflict(
            f"The log (size {head.size}) is not the one that was signed at size {kept.size} and "
            f"kept in {keeper.path}: nothing is sealed. If a backup was restored, move that file "
            "to a safe place, which proves what was lost, and seal again; else find out who "
            "changed the database."
        )


def _root_at(uow: UnitOfWork, head: LogHead, size: int) -> bytes:
    if size == head.size:
        return frontier_of(head).root()
    # Only after a crash, or with several data folders: all leaves up to there are read.
    statement = select(Entry.leaf_hash).where(col(Entry.leaf_index) < size)
    hashes = uow.session.exec(statement.order_by(col(Entry.leaf_index))).all()
    try:
        return root_of(hashes)
    except (TypeError, MerkleError) as error:
        raise Conflict(DAMAGED_ENTRY) from error


def _locked_head(uow: UnitOfWork, origin: str) -> LogHead:
    try:
        head = uow.session.get(LogHead, origin, with_for_update=True)
    except ValueError as error:
        raise Conflict(DAMAGED_HEAD) from error
    if head is None:
        head = LogHead(origin=origin, size=0, frontier={"hashes": []})
        uow.session.add(head)
        uow.session.flush()  # the first of two sealers wins; the other fails and tries again
    return head


def _unsealed(uow: UnitOfWork, batch: int) -> Sequence[Entry]:
    statement = select(Entry).where(col(Entry.leaf_index).is_(None)).order_by(col(Entry.id))
    return uow.session.exec(statement.limit(batch)).all()
