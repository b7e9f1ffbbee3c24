"""Read the personal texts of an entry, and leave an entry that says who read which.

Whoever looks at the same entry again within an hour is not recorded a second time, unless they
look at more: an officer who goes back and forth between two pages would else drown what matters.
"""

import json
from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.models import Entry
from audit.recording import record
from audit.searching import receipt_of
from audit.witness_policy import NO_WITNESSES, WitnessPolicy
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["ONE_LOOK", "SUBJECT", "Way", "fields_read", "receipt_for", "record_read"]

# So long several looks by one person at one entry count as one.
ONE_LOOK = timedelta(hours=1)
SUBJECT = "entry"


class Way(StrEnum):
    """How texts were read."""

    PAGE = "page"
    """On a page."""
    RECEIPT = "receipt"
    """In a receipt, which may be handed on."""


def receipt_for(
    uow: UnitOfWork,
    actor: Actor,
    *,
    entry_id: UUID,
    policy: WitnessPolicy = NO_WITNESSES,
    fields: Collection[str] | None = None,
) -> JsonObject:
    """Return a receipt as `audit.searching.receipt_of` does, and record what it discloses."""
    receipt = receipt_of(uow, entry_id=entry_id, policy=policy, fields=fields)
    disclosed = receipt["disclosures"]
    if isinstance(disclosed, dict) and disclosed:
        record_read(uow, actor, entry_id=entry_id, fields=disclosed, way=Way.RECEIPT)
    return receipt


def record_read(
    uow: UnitOfWork, actor: Actor, *, entry_id: UUID, fields: Collection[str], way: Way
) -> None:
    """Record that somebody is given personal texts of an entry, before they are."""
    if set(fields) <= fields_read(uow, actor, entry_id=entry_id, way=way):
        return
    named: list[Json] = [*sorted(fields)]
    read = uow.session.get_one(Entry, entry_id)
    record(
        uow,
        actor,
        Action.TEXTS_READ,
        subject_type=SUBJECT,
        subject_id=entry_id,
        project_id=read.project_id,
        facts={"fields": named, "way": way.value},
    )


def fields_read(uow: UnitOfWork, actor: Actor, *, entry_id: UUID, way: Way) -> set[str]:
    """Return which texts of an entry somebody was given in this way within the last hour."""
    own = select(Entry.envelope).where(
        Entry.subject_type == SUBJECT,
        Entry.subject_id == entry_id,
        Entry.actor_id == actor.id,
        Entry.action == Action.TEXTS_READ,
        col(Entry.recorded_at) > clock.now() - ONE_LOOK,
    )
    facts = [json.loads(envelope)["facts"] for envelope in uow.session.exec(own) if envelope]
    return {field for one in facts if one["way"] == way.value for field in one["fields"]}
