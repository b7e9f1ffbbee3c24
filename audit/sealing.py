"""Give committed entries their place in the tree, batch by batch, and sign where it stands.

There is one sealer at a time. On PostgreSQL it holds an advisory lock of the log until its commit:
that lock is there before the log has a head, and asks for no right to change the head's row. On
SQLite it holds the writer's lock, as whoever writes does.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlmodel import col, select

from audit import tiles
from audit.keeping import CheckpointKeeper
from audit.keys import LogKey
from audit.merkle import Frontier, MerkleError, leaf_hash
from audit.models import LogHead, SignedCheckpoint
from audit.notes import Checkpoint, open_checkpoint
from audit.signing_keys import NoteError
from audit.tables import ENTRY
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.statements import Row, Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

BATCH = 2000
DAMAGED_HEAD = (
    "The log's head is damaged: nothing is sealed before `folkmoot audit verify` has found out "
    "why. Where the entries are sound, `folkmoot audit rebuild` makes the head anew."
)
DAMAGED_ENTRY = "An entry is damaged, nothing is sealed: `folkmoot audit verify` names it."
SEALED_TWICE = "Entries were sealed by somebody else meanwhile; nothing is sealed twice."


def seal_log(
    uow: UnitOfWork,
    log_key: LogKey,
    *,
    keeper: CheckpointKeeper | None = None,
    batch: int = BATCH,
) -> Checkpoint | None:
    """Seal up to `batch` entries under a new signed checkpoint, or return None if none waits.

    Indices follow no clock and no sequence of the database, since both can commit out of order: an
    entry is sealed once it is seen. Whatever is derived of the entries (head, tiles, checkpoint) is
    kept in the same transaction as their indices: it cannot be killed in between.

    `keeper` remembers the newest checkpoint outside the database. It is written after the commit:
    after a crash in between it is older than the database, which is no contradiction.
    """
    lock_log(uow, log_key.origin)
    waiting = _WAITING.all(uow.connection, {"batch": batch})
    if not waiting:
        return None
    head = _head_of(uow, log_key.origin)
    _refuse_other_past(uow, head, log_key)
    if keeper is not None:
        _refuse_forgotten_past(uow, head, log_key, keeper)
    leaves = [_leaf_of(entry) for entry in waiting]
    frontier = frontier_of(head).extend(leaves)
    tiles.grow(uow, size=head.size, leaf_hashes=leaves)
    _give_indices(uow.connection, waiting, first=head.size)
    head.size = frontier.size
    head.frontier = {"hashes": list(frontier.to_hex())}
    return _signed(uow, log_key, frontier, keeper)


def lock_log(uow: UnitOfWork, origin: str) -> None:
    """Wait until nobody else seals this log, and keep others from it until the transaction ends."""
    if uow.connection.dialect.name == "postgresql":
        number = int.from_bytes(sha256(origin.encode()).digest()[:8], "big", signed=True)
        uow.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def has_waiting(uow: UnitOfWork) -> bool:
    """Say whether an entry waits to be sealed; cheap enough to ask several times a second."""
    return bool(_WAITING.all(uow.connection, {"batch": 1}))


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


def _leaf_of(entry: Row) -> bytes:
    # What is sealed can never be mended, so nothing is that would not verify afterwards.
    leaf: bytes = entry.leaf_hash
    if leaf != leaf_hash(entry.envelope):
        raise Conflict(DAMAGED_ENTRY)
    return leaf


def _give_indices(connection: Connection, waiting: Sequence[Row], *, first: int) -> None:
    if connection.dialect.name == "postgresql":
        _require_all(waiting, connection.execute(_INDEX_MANY, _as_arrays(waiting, first)).rowcount)
        return
    for index, entry in enumerate(waiting, first):
        _require_all([entry], _INDEX_ONE.run(connection, {"of": entry.id, "leaf_index": index}))


def _require_all(waiting: Sequence[Row], n_indexed: int) -> None:
    if n_indexed != len(waiting):
        raise Conflict(SEALED_TWICE)


def _as_arrays(waiting: Sequence[Row], first: int) -> dict[str, list[object]]:
    return {
        "ids": [entry.id for entry in waiting],
        "indices": list(range(first, first + len(waiting))),
    }


def _signed(
    uow: UnitOfWork, log_key: LogKey, frontier: Frontier, keeper: CheckpointKeeper | None
) -> Checkpoint:
    checkpoint = Checkpoint(log_key.origin, frontier.size, frontier.root())
    note = log_key.sign(checkpoint)
    uow.session.add(SignedCheckpoint(size=frontier.size, note=note, signed_at=clock.now()))
    if keeper is not None:
        uow.after_commit(partial(keeper.keep, note))
    return checkpoint


def newest_signed(uow: UnitOfWork, log_key: LogKey) -> Checkpoint | None:
    """Return what was signed last, or None for a log that never was; refuse what is not ours."""
    statement = select(SignedCheckpoint).order_by(col(SignedCheckpoint.size).desc()).limit(1)
    last = uow.session.exec(statement).first()
    if last is None:
        return None
    try:
        return open_checkpoint(last.note, [log_key.key.verifier], origin=log_key.origin)
    except NoteError as error:
        raise Conflict(
            f"The log's last checkpoint is not ours, nothing is sealed: {error}"
        ) from error


def _refuse_other_past(uow: UnitOfWork, head: LogHead, log_key: LogKey) -> None:
    """Refuse to build upon a head that is not what was signed last."""
    signed = newest_signed(uow, log_key)
    if signed is None and head.size == 0:
        return
    size = 0 if signed is None else signed.size
    if signed is None or (size, signed.root) != (head.size, frontier_of(head).root()):
        raise Conflict(
            f"The log's head (size {head.size}) is not what was signed last (size {size}): "
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
    # Only after a crash, or with several data folders.
    return tiles.root_at(uow, size=size)


def _head_of(uow: UnitOfWork, origin: str) -> LogHead:
    try:
        head = uow.session.get(LogHead, origin)
    except ValueError as error:
        raise Conflict(DAMAGED_HEAD) from error
    if head is None:
        head = LogHead(origin=origin, size=0, frontier={"hashes": []})
        uow.session.add(head)
    return head


_WAITING = Statement(
    sa.select(ENTRY.c.id, ENTRY.c.leaf_hash, ENTRY.c.envelope)
    .where(ENTRY.c.leaf_index.is_(None))
    .order_by(ENTRY.c.id)
    .limit(sa.bindparam("batch", type_=sa.Integer))
)
_INDEX_ONE = Statement(
    sa.update(ENTRY).where(ENTRY.c.id == sa.bindparam("of"), ENTRY.c.leaf_index.is_(None)),
    sets=("leaf_index",),
)
_GIVEN = (
    sa.func.unnest(
        sa.bindparam("ids", type_=postgresql.ARRAY(sa.Uuid)),
        sa.bindparam("indices", type_=postgresql.ARRAY(sa.BigInteger)),
    )
    .table_valued("id", "leaf_index", name="given")
    .render_derived()
)
_INDEX_MANY = (
    sa.update(ENTRY)
    .where(ENTRY.c.id == _GIVEN.c.id, ENTRY.c.leaf_index.is_(None))
    .values(leaf_index=_GIVEN.c.leaf_index)
)
