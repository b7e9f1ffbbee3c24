"""What an actor is handed at the commit: a signed promise that this very entry will be sealed.

An entry that waits for its place can still be changed by who owns the database. The promise is
signed and lies in the actor's hands, so that the change shows (`audit/offline/verify.py`).
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from audit.keys import LogKey
from audit.models import Entry
from audit.notes import sign_note
from audit.signing_keys import to_base64
from folkmoot.kernel import clock
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["PROMISED_WITHIN", "Promise", "promise_of"]

# Not the form of a checkpoint, whose first line is the log's name: neither can pass for the other.
FIRST_LINE = "folkmoot-promise/v1"
PROMISED_WITHIN = timedelta(seconds=1)


class Promise(NamedTuple):
    """The hash of an entry's leaf, and until when it will have its place."""

    leaf_hash: str
    staged_at: datetime
    deadline: datetime
    promise: str


def promise_of(uow: UnitOfWork, log_key: LogKey, *, entry_id: UUID) -> Promise:
    """Sign what an entry's leaf is, in the transaction that records it."""
    entry = uow.session.get(Entry, entry_id)
    if entry is None:
        raise NotFound("There is no entry with that id.")
    staged = clock.now()
    deadline = staged + PROMISED_WITHIN
    lines = (
        FIRST_LINE,
        log_key.origin,
        f"entry {entry_id}",
        f"leaf {to_base64(entry.leaf_hash)}",
        f"staged {staged.isoformat()}",
        f"deadline {deadline.isoformat()}",
    )
    note = sign_note("".join(f"{line}\n" for line in lines), log_key.key)
    return Promise(entry.leaf_hash.hex(), staged, deadline, note)
