"""Write an entry in the same transaction as the change that it records.

It takes part in everything of consequence that anybody does, so it costs two statements: one that
counts the actor's entries, which also keeps two of them apart, and one that keeps the entry.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from audit.actions import Action
from audit.canonical import NotCanonical, canonical_bytes
from audit.commitments import commit, new_salt
from audit.disclosing import disclose
from audit.merkle import leaf_hash
from audit.models import Entry
from audit.sealed_texts import SaltedText
from audit.tables import COUNTER, ENTRY, INSERTS, Upsert
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput, TooLarge
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import JobName
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import Announcement, UnitOfWork

ENVELOPE_VERSION = 1
# The bundles of C2SP's tlog-tiles say an entry's length in 16 bits.
LARGEST_ENVELOPE = 65_535
# There is one log; the key of its sealing job.
LOG = "log"
SEALING = Announcement(JobName.SEAL_LOG.value, LOG)


class Recorded(NamedTuple):
    """A row of `audit.models.Entry` as it was just kept, by the names of its columns.

    Whoever is told its `leaf_hash` can later prove that this is what was recorded, even of the
    moment before it had a place in the tree.
    """

    id: UUID
    action: Action
    actor_id: UUID
    actor_sequence: int
    subject_type: str
    subject_id: UUID
    project_id: UUID | None
    recorded_at: datetime
    envelope: bytes = b""
    leaf_hash: bytes = b""
    leaf_index: int | None = None


def record(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    *,
    subject_type: str,
    subject_id: UUID,
    project_id: UUID | None = None,
    facts: JsonObject,
    personal: Mapping[str, str] | None = None,
    personal_of: UUID | None = None,
) -> Recorded:
    """Record what is being done; if that fails, so does the change itself.

    `facts` go into the leaf as they are and can never be erased: keep people out of them.
    `personal` fields enter the leaf only as salted commitments; their text can be erased,
    with the person that `personal_of` names: the subject, where nobody is named.
    Raise InvalidInput for facts that JSON cannot carry, TooLarge for more than a leaf can hold.
    """
    salted = {field: SaltedText(value, new_salt()) for field, value in (personal or {}).items()}
    entry = Recorded(
        id=new_id(),
        action=action,
        actor_id=actor.id,
        actor_sequence=_next_sequence(uow, actor.id),
        subject_type=subject_type,
        subject_id=subject_id,
        project_id=project_id,
        recorded_at=clock.now(),
    )
    committed = {field: commit(value, salt) for field, (value, salt) in salted.items()}
    envelope = _sized(envelope_of(entry, facts=facts, committed=committed))
    entry = entry._replace(envelope=envelope, leaf_hash=leaf_hash(envelope))
    _KEEP.run(uow.connection, entry._asdict())
    if salted:
        disclose(uow, entry_id=entry.id, person_id=personal_of or subject_id, texts=salted)
    uow.announce(SEALING)
    return entry


def envelope_of(
    entry: Entry | Recorded, *, facts: JsonObject, committed: Mapping[str, str]
) -> JsonObject:
    """Return what a leaf commits to: the entry's columns, its facts and its commitments."""
    return {
        "version": ENVELOPE_VERSION,
        "id": str(entry.id),
        "action": entry.action.value,
        "actor": str(entry.actor_id),
        "actor_sequence": entry.actor_sequence,
        "subject": {"type": entry.subject_type, "id": str(entry.subject_id)},
        "project": str(entry.project_id) if entry.project_id else None,
        "recorded_at": _as_text(entry.recorded_at),
        "facts": facts,
        "commitments": dict(committed),
    }


def _as_text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _sized(envelope: JsonObject) -> bytes:
    try:
        written = canonical_bytes(envelope)
    except NotCanonical as error:
        raise InvalidInput(f"This cannot be recorded, so it was not done. {error}") from error
    if len(written) > LARGEST_ENVELOPE:
        raise TooLarge(
            f"The record of this would have {len(written)} bytes, and {LARGEST_ENVELOPE} are the "
            "most that one may have; so it was not done."
        )
    return written


def _next_sequence(uow: UnitOfWork, actor_id: UUID) -> int:
    # One statement that holds the counter's row until the commit: no gap, no duplicate.
    connection = uow.connection
    counted = _COUNT[connection.dialect.name].first(connection, {"of_actor": actor_id})
    if counted is None:
        raise RuntimeError("the database counted an actor's entry and did not say so")
    return int(counted.last_sequence)


def _counting(insert: Upsert) -> sa.Insert:
    return (
        insert.values(actor_id=sa.bindparam("of_actor"), last_sequence=1)
        .on_conflict_do_update(
            index_elements=["actor_id"], set_={"last_sequence": COUNTER.c.last_sequence + 1}
        )
        .returning(COUNTER.c.last_sequence)
    )


_COUNT = {name: Statement(_counting(insert(COUNTER))) for name, insert in INSERTS.items()}
_KEEP = Statement(sa.insert(ENTRY))
