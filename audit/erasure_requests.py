"""Wishes to be erased: whoever has an account asks, and an officer grants it or says why not."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.models import ErasureRequest, RequestState
from audit.recording import record
from audit.verdicts import ERASED
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "ask_for_erasure",
    "forget_requests",
    "last_request_of",
    "open_request",
    "open_requests",
    "refuse_erasure",
    "settle_granted",
]

LONGEST_REASON = 2000


def ask_for_erasure(uow: UnitOfWork, actor: Actor) -> ErasureRequest:
    """Keep that somebody asks to be erased; raise Conflict where that waits already."""
    last = last_request_of(uow, person_id=actor.id)
    if last is not None and last.state is RequestState.OPEN:
        raise Conflict("You have asked already; an officer will decide.")
    asked = ErasureRequest(person_id=actor.id, state=RequestState.OPEN, asked_at=clock.now())
    uow.session.add(asked)
    record(
        uow,
        actor,
        Action.ERASURE_REQUESTED,
        subject_type="erasure_request",
        subject_id=asked.id,
        facts={},
    )
    return asked


def last_request_of(uow: UnitOfWork, *, person_id: UUID) -> ErasureRequest | None:
    """Return what somebody asked last, and what came of it."""
    statement = select(ErasureRequest).where(ErasureRequest.person_id == person_id)
    return uow.session.exec(statement.order_by(col(ErasureRequest.id).desc())).first()


def open_requests(uow: UnitOfWork) -> Sequence[ErasureRequest]:
    """Return what waits for an officer, the oldest first."""
    statement = select(ErasureRequest).where(ErasureRequest.state == RequestState.OPEN)
    return uow.session.exec(statement.order_by(col(ErasureRequest.id))).all()


def open_request(uow: UnitOfWork, actor: Actor, *, request_id: UUID) -> ErasureRequest:
    """Return a request for this officer to decide, locked.

    Raise NotFound, Conflict where it was decided before, NotAllowed where it is the officer's own.
    """
    found = uow.session.get(ErasureRequest, request_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such request.")
    if found.state is not RequestState.OPEN:
        raise Conflict(f"This request was {found.state.value} before.")
    if found.person_id == actor.id:
        raise NotAllowed("Somebody else has to decide what you asked for.")
    return found


def settle_granted(uow: UnitOfWork, actor: Actor, asked: ErasureRequest) -> None:
    """Note that somebody was erased as they asked; the entry of the erasure tells of it."""
    asked.state, asked.decided_by, asked.decided_at = RequestState.GRANTED, actor.id, clock.now()
    uow.session.add(asked)


def refuse_erasure(
    uow: UnitOfWork, actor: Actor, *, request_id: UUID, reason: str
) -> ErasureRequest:
    """Refuse somebody's wish, with a reason that they read."""
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON or "\0" in said:
        sentence = f"Say why, in 1 to {LONGEST_REASON:,} characters."
        raise InvalidInput(sentence, fields=[FieldProblem("/reason", sentence)])
    asked = open_request(uow, actor, request_id=request_id)
    asked.state, asked.decided_by, asked.decided_at = RequestState.REFUSED, actor.id, clock.now()
    asked.reason = said
    uow.session.add(asked)
    record(
        uow,
        actor,
        Action.ERASURE_REQUEST_REFUSED,
        subject_type="erasure_request",
        subject_id=asked.id,
        facts={},
        personal={"reason": said},
        personal_of=asked.person_id,
    )
    return asked


def forget_requests(uow: UnitOfWork, people: Collection[UUID]) -> None:
    """Erase the reasons that were given to a person who is erased."""
    told = sa.and_(col(ErasureRequest.person_id).in_(people), col(ErasureRequest.reason) != "")
    uow.session.exec(sa.update(ErasureRequest).where(told).values(reason=ERASED))
