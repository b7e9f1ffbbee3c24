"""The reviewers' queue: held decisions by deadline, and claims so that two do not collide."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.pagination import MOST_ROWS, Page, PageRequest, cursor_of, key_of
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Decision, DecisionState

CLAIM = timedelta(minutes=10)


def queue(
    uow: UnitOfWork,
    *,
    wanted: PageRequest,
    project_id: UUID | None = None,
    only_high_stakes: bool = False,
) -> Page[Decision]:
    """Return a page of the decisions that wait for a person, the most urgent first."""
    held = _held(project_id)
    if only_high_stakes:
        held = held.where(col(Decision.is_high_stakes))
    statement = _by_urgency(held)
    if wanted.cursor is not None:
        statement = _after(uow, statement, key_of(wanted.cursor))
    limit = min(max(wanted.limit, 1), MOST_ROWS)
    rows = uow.session.exec(statement.limit(limit + 1)).all()
    items = rows[:limit]
    return Page(items, cursor_of(items[-1].id) if len(rows) > limit else None)


def waiting(uow: UnitOfWork, *, project_id: UUID | None = None) -> int:
    """Count the decisions that wait for a person."""
    statement = select(sa.func.count()).select_from(_held(project_id).subquery())
    return uow.session.exec(statement).one()


def claim_next(uow: UnitOfWork, actor: Actor, *, project_id: UUID | None = None) -> Decision | None:
    """Claim the most urgent decision that nobody else has, or return None where none waits.

    A reviewer who holds a claim gets that decision again.
    """
    own = sa.and_(col(Decision.claimed_by) == actor.id, col(Decision.claimed_until) > clock.now())
    decision = _first_for_us(uow, _held(project_id).where(own))
    if decision is None:
        decision = _first_for_us(uow, _held(project_id).where(_is_unclaimed()))
    if decision is not None:
        _claim(actor, decision)
    return decision


def claim(uow: UnitOfWork, actor: Actor, *, decision_id: UUID) -> Decision:
    """Claim one decision for ten minutes, or refuse where another reviewer has it."""
    decision = locked_decision(uow, decision_id)
    if decision.state is DecisionState.HELD:
        refuse_claimed_by_another(actor, decision)
        _claim(actor, decision)
    return decision


def release_claim(uow: UnitOfWork, actor: Actor, *, decision_id: UUID) -> Decision:
    """Give a claimed decision back to the queue."""
    decision = locked_decision(uow, decision_id)
    if decision.claimed_by == actor.id:
        decision.claimed_by = decision.claimed_until = None
    return decision


def refuse_claimed_by_another(actor: Actor, decision: Decision) -> None:
    """Refuse to touch a decision that another reviewer has claimed and may still act on."""
    until = decision.claimed_until
    if decision.claimed_by not in {None, actor.id} and until is not None and until > clock.now():
        raise Conflict(f"Another reviewer has this case until {until:%H:%M} UTC.")


def locked_decision(uow: UnitOfWork, decision_id: UUID) -> Decision:
    """Return a decision as it is now, and let nobody else change it until we commit."""
    decision = uow.session.exec(
        select(Decision)
        .where(col(Decision.id) == decision_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if decision is None:
        raise NotFound("There is no such decision.")
    return decision


def _held(project_id: UUID | None) -> SelectOfScalar[Decision]:
    statement = select(Decision).where(col(Decision.state) == DecisionState.HELD)
    if project_id is None:
        return statement
    return statement.where(col(Decision.project_id) == project_id)


def _by_urgency(statement: SelectOfScalar[Decision]) -> SelectOfScalar[Decision]:
    return statement.order_by(col(Decision.due_at), col(Decision.id))


def _after(
    uow: UnitOfWork, statement: SelectOfScalar[Decision], last_id: UUID
) -> SelectOfScalar[Decision]:
    last = uow.session.get(Decision, last_id)
    if last is None:
        return statement
    later = col(Decision.due_at) > last.due_at
    tied = sa.and_(col(Decision.due_at) == last.due_at, col(Decision.id) > last.id)
    return statement.where(sa.or_(later, tied))


def _is_unclaimed() -> sa.ColumnElement[bool]:
    return sa.or_(col(Decision.claimed_by).is_(None), col(Decision.claimed_until) <= clock.now())


def _first_for_us(uow: UnitOfWork, statement: SelectOfScalar[Decision]) -> Decision | None:
    """Return the most urgent row that no other transaction is claiming at this moment."""
    return uow.session.exec(
        _by_urgency(statement)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()


def _claim(actor: Actor, decision: Decision) -> None:
    decision.claimed_by, decision.claimed_until = actor.id, clock.now() + CLAIM
