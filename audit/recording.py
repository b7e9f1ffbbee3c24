"""Write an entry in the same transaction as the change that it records."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from audit import commitments
from audit.actions import Action
from audit.canonical import canonical_bytes
from audit.merkle import leaf_hash
from audit.models import ActorCounter, Disclosure, Entry
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import JobName
from folkmoot.kernel.unit_of_work import Announcement, UnitOfWork

ENVELOPE_VERSION = 1
# There is one log; the key of its sealing job.
LOG = "log"


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
) -> Entry:
    """Record what is being done; if that fails, so does the change itself.

    `facts` go into the leaf as they are and can never be erased: keep people out of them.
    `personal` fields enter the leaf only as salted commitments; their text can be erased.
    """
    salted = {field: (value, commitments.new_salt()) for field, value in (personal or {}).items()}
    entry = Entry(
        id=new_id(),
        action=action,
        actor_id=actor.id,
        actor_sequence=_next_sequence(uow, actor.id),
        subject_type=subject_type,
        subject_id=subject_id,
        project_id=project_id,
        recorded_at=clock.now(),
        envelope=b"",
        leaf_hash=b"",
    )
    committed = {field: commitments.commit(value, salt) for field, (value, salt) in salted.items()}
    entry.envelope = canonical_bytes(envelope_of(entry, facts=facts, committed=committed))
    entry.leaf_hash = leaf_hash(entry.envelope)
    uow.session.add(entry)
    uow.session.flush()  # the disclosures refer to it
    for field, (value, salt) in salted.items():
        uow.session.add(Disclosure(entry_id=entry.id, field=field, salt=salt, value=value))
    uow.announce(Announcement(JobName.SEAL_LOG.value, LOG))
    return entry


def envelope_of(entry: Entry, *, facts: JsonObject, committed: Mapping[str, str]) -> JsonObject:
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


def _next_sequence(uow: UnitOfWork, actor_id: UUID) -> int:
    # One statement that holds the counter's row until the commit: no gap, no duplicate.
    insert = postgresql.insert if _is_postgresql(uow) else sqlite.insert
    table = ActorCounter.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
    statement = (
        insert(table)
        .values(actor_id=actor_id, last_sequence=1)
        .on_conflict_do_update(
            index_elements=["actor_id"], set_={"last_sequence": table.c.last_sequence + 1}
        )
        .returning(table.c.last_sequence)
    )
    return int(uow.session.execute(statement).scalar_one())


def _is_postgresql(uow: UnitOfWork) -> bool:
    return uow.session.get_bind().dialect.name == "postgresql"
