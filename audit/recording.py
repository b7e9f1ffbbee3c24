"""Write an entry in the same transaction as the change that it records.

It takes part in everything of consequence that anybody does, so it costs one statement or two, and
takes no lock but that of the actor's own counter.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from audit.actions import Action
from audit.canonical import NotCanonical, canonical_bytes
from audit.commitments import commit, new_salt
from audit.disclosing import disclose
from audit.merkle import leaf_hash
from audit.models import Entry
from audit.numbering import Recorded, keep_numbered
from audit.sealed_texts import SaltedText
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput, TooLarge
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import JobName
from folkmoot.kernel.unit_of_work import Announcement, UnitOfWork

__all__ = [
    "ENVELOPE_VERSION",
    "LARGEST_ENVELOPE",
    "LOG",
    "Recorded",
    "envelope_of",
    "record",
]

ENVELOPE_VERSION = 1
# The bundles of C2SP's tlog-tiles say an entry's length in 16 bits.
LARGEST_ENVELOPE = 65_535
# There is one log; the key of its sealing job.
LOG = "log"
SEALING = Announcement(JobName.SEAL_LOG.value, LOG)


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
    personal_of: UUID | Mapping[str, UUID] | None = None,
) -> Recorded:
    """Record what is being done; if that fails, so does the change itself.

    `facts` go into the leaf as they are and can never be erased: keep people out of them.
    `personal` fields enter the leaf only as salted commitments; their text can be erased,
    with the person that `personal_of` names, for all fields or for each: else with the subject.
    Raise InvalidInput for facts that JSON cannot carry, TooLarge for more than a leaf can hold.
    """
    salted = {field: SaltedText(value, new_salt()) for field, value in (personal or {}).items()}
    committed = {field: commit(value, salt) for field, (value, salt) in salted.items()}
    blank = Recorded(
        id=new_id(),
        action=action,
        actor_id=actor.id,
        actor_sequence=0,
        subject_type=subject_type,
        subject_id=subject_id,
        project_id=project_id,
        recorded_at=clock.now(),
    )

    def numbered(sequence: int) -> Recorded:
        entry = blank._replace(actor_sequence=sequence)
        envelope = _sized(envelope_of(entry, facts=facts, committed=committed))
        return entry._replace(envelope=envelope, leaf_hash=leaf_hash(envelope))

    entry = keep_numbered(uow.connection, actor.id, numbered)
    if salted:
        _keep_texts(uow, entry, salted, personal_of)
    uow.announce(SEALING)
    return entry


def _keep_texts(
    uow: UnitOfWork,
    entry: Recorded,
    salted: Mapping[str, SaltedText],
    personal_of: UUID | Mapping[str, UUID] | None,
) -> None:
    if not isinstance(personal_of, Mapping):
        person_id = personal_of or entry.subject_id
        disclose(uow, entry_id=entry.id, person_id=person_id, texts=salted)
        return
    theirs: dict[UUID, dict[str, SaltedText]] = {}
    for field, text in salted.items():
        theirs.setdefault(personal_of.get(field, entry.subject_id), {})[field] = text
    # In one order, so that two who seal for the same people do not wait for each other.
    for person_id in sorted(theirs):
        disclose(uow, entry_id=entry.id, person_id=person_id, texts=theirs[person_id])


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
