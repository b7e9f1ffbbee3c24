"""Legal holds: as long as one stands, nothing that it covers is erased, not on its date either."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.erasing import Erasable, Traces, gather
from audit.models import LegalHold
from audit.recording import record
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, InvalidInput, NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "Held",
    "held_now",
    "hold_of",
    "keep_holds",
    "release_hold",
    "set_hold",
    "standing_holds",
]

# The number of the lock on PostgreSQL.
HOLDS = int.from_bytes(sha256(b"legal holds").digest()[:8], "big", signed=True)


@dataclass(frozen=True)
class Held:
    """What may not be erased now."""

    everything: bool
    people: frozenset[UUID]
    projects: frozenset[UUID]


def set_hold(
    uow: UnitOfWork,
    actor: Actor,
    *,
    reason: str,
    person_id: UUID | None = None,
    project_id: UUID | None = None,
) -> LegalHold:
    """Forbid to erase anything of a person, or in a project, or at all where neither is named."""
    if not reason.strip():
        raise InvalidInput("Say why this is held: the case, or the authority that asked for it.")
    if person_id is not None and project_id is not None:
        raise InvalidInput("Hold a person or a project; for both, set two holds.")
    # Once this is answered, nothing is erased that it covers: who erases without it ends first.
    _lock_holds(uow, sa.func.pg_advisory_xact_lock)
    hold = LegalHold(
        person_id=person_id,
        project_id=project_id,
        reason=reason.strip(),
        set_by=actor.id,
        set_at=clock.now(),
    )
    uow.session.add(hold)
    uow.session.flush()  # who asks for the standing holds in this transaction sees it
    _record(uow, actor, Action.LEGAL_HOLD_SET, hold)
    return hold


def release_hold(uow: UnitOfWork, actor: Actor, *, hold_id: UUID) -> LegalHold:
    """Let what is due be erased again; what other holds cover stays."""
    hold = uow.session.get(LegalHold, hold_id, with_for_update=True)
    if hold is None:
        raise NotFound("There is no such legal hold.")
    if hold.released_at is not None:
        raise Conflict("This legal hold was released before.")
    hold.released_by, hold.released_at = actor.id, clock.now()
    uow.session.flush()
    _record(uow, actor, Action.LEGAL_HOLD_RELEASED, hold)
    return hold


def standing_holds(uow: UnitOfWork) -> Sequence[LegalHold]:
    """Return the holds that were not released, the oldest first."""
    statement = select(LegalHold).where(col(LegalHold.released_at).is_(None))
    return uow.session.exec(statement.order_by(col(LegalHold.id))).all()


def held_now(uow: UnitOfWork, erasables: Sequence[Erasable] = ()) -> Held:
    """Return what the standing holds cover together; a person under each id the domains know."""
    holds = standing_holds(uow)
    named = [one.person_id for one in holds if one.person_id is not None]
    return Held(
        everything=any(one.person_id is None and one.project_id is None for one in holds),
        people=frozenset().union(*(gather(uow, erasables, one).people for one in named)),
        projects=frozenset(one.project_id for one in holds if one.project_id is not None),
    )


def keep_holds(uow: UnitOfWork) -> None:
    """Let no hold be set until the transaction ends, which asks for the holds in order to erase."""
    _lock_holds(uow, sa.func.pg_advisory_xact_lock_shared)


def hold_of(uow: UnitOfWork, traces: Traces) -> LegalHold | None:
    """Return a standing hold that covers a person, or None; no other is set meanwhile."""
    keep_holds(uow)
    for hold in standing_holds(uow):
        is_for_all = hold.person_id is None and hold.project_id is None
        if is_for_all or hold.person_id in traces.people or hold.project_id in traces.projects:
            return hold
    return None


def _lock_holds(uow: UnitOfWork, take: Callable[[int], sa.ColumnElement[None]]) -> None:
    # On SQLite one transaction writes at a time anyway.
    if uow.connection.dialect.name == "postgresql":
        uow.connection.execute(sa.select(take(HOLDS)))


def _record(uow: UnitOfWork, actor: Actor, action: Action, hold: LegalHold) -> None:
    is_set = action is Action.LEGAL_HOLD_SET
    record(
        uow,
        actor,
        action,
        subject_type="legal_hold",
        subject_id=hold.id,
        project_id=hold.project_id,
        facts={"of": _scope(hold)},
        # Why is the officer's word; it is read by whoever may read the log.
        personal={"reason": hold.reason} if is_set else None,
        personal_of=hold.person_id or actor.id,
    )


def _scope(hold: LegalHold) -> str:
    if hold.person_id is not None:
        return "person"
    return "everything" if hold.project_id is None else "project"
