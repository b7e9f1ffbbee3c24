"""Giving tasks back: skipped, released, or held on to for longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.desk import MOST_LEASES
from crowd.leased_tasks import held_leases, no_such_lease
from crowd.models import LeaseReason, LeaseState, SkipReason
from crowd.places import free_place, return_places
from crowd.tables import LEASE, PLACE, PROJECT, RECORD, TASK
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork


def renew_leases(
    uow: UnitOfWork, *, annotator_id: UUID, lease_ids: Sequence[UUID]
) -> dict[UUID, datetime]:
    """Prolong leases and return until when; one that is no longer the annotator's is missing.

    One that ran out goes on only where they hold no more tasks with it than they may.
    """
    now = clock.now()
    _lock_records_of_expired(uow.connection, annotator_id, lease_ids, now)
    renewed: dict[UUID, datetime] = {}
    for lease_id in sorted(set(lease_ids)):
        until = _renew(uow, annotator_id, lease_id, now)
        if until is not None:
            renewed[lease_id] = until
    return renewed


def skip_lease(uow: UnitOfWork, *, annotator_id: UUID, lease_id: UUID, reason: SkipReason) -> None:
    """Pass on a task; the annotator is not given it again, and it never counts against them."""
    _give_back(uow, annotator_id, [lease_id], LeaseState.SKIPPED, reason)


def release_lease(uow: UnitOfWork, *, annotator_id: UUID, lease_id: UUID) -> None:
    """Give a task back unanswered; the annotator may be given it again."""
    _give_back(uow, annotator_id, [lease_id], LeaseState.RELEASED, None)


def release_leases(uow: UnitOfWork, *, annotator_id: UUID, lease_ids: Sequence[UUID]) -> None:
    """Give several tasks back unanswered, in one go: that way nobody waits in a circle."""
    _give_back(uow, annotator_id, lease_ids, LeaseState.RELEASED, None)


def _lock_records_of_expired(
    connection: Connection, annotator_id: UUID, lease_ids: Sequence[UUID], now: datetime
) -> None:
    # Under the record, what the annotator holds stays what it is; most renewals do without.
    expired = sa.select(LEASE.c.project_id).where(
        LEASE.c.id.in_(lease_ids),
        LEASE.c.annotator_id == annotator_id,
        LEASE.c.state == LeaseState.HELD,
        LEASE.c.expires_at <= now,
    )
    project_ids = connection.execute(expired).scalars().all()
    if project_ids:
        connection.execute(
            sa.select(RECORD.c.project_id)
            .where(RECORD.c.project_id.in_(project_ids), RECORD.c.annotator_id == annotator_id)
            .order_by(RECORD.c.project_id)
            .with_for_update(of=RECORD, key_share=True)
        )


def _renew(uow: UnitOfWork, annotator_id: UUID, lease_id: UUID, now: datetime) -> datetime | None:
    connection = uow.connection
    # The lease before its place, as everywhere.
    lease = connection.execute(
        sa.select(
            LEASE.c.reason,
            LEASE.c.state,
            LEASE.c.project_id,
            LEASE.c.expires_at,
            PROJECT.c.lease_seconds,
        )
        .join_from(LEASE, PROJECT, PROJECT.c.id == LEASE.c.project_id)
        .where(LEASE.c.id == lease_id, LEASE.c.annotator_id == annotator_id)
        .with_for_update(of=LEASE, key_share=True)
    ).first()
    if lease is None or lease.state is not LeaseState.HELD:
        return None
    if lease.expires_at <= now:
        held = held_leases(uow, project_id=lease.project_id, annotator_id=annotator_id)
        if len(held) >= MOST_LEASES:
            return None
    until = now + timedelta(seconds=lease.lease_seconds)
    # The place knows who has it now; a lease that ran out unnoticed may go on.
    kept = connection.execute(
        sa.update(PLACE)
        .where(PLACE.c.lease_id == lease_id, PLACE.c.label_id.is_(None))
        .values(leased_until=until)
    )
    if kept.rowcount == 0 and lease.reason is not LeaseReason.TRAINING:
        return None
    connection.execute(sa.update(LEASE).where(LEASE.c.id == lease_id).values(expires_at=until))
    return until


def _give_back(
    uow: UnitOfWork,
    annotator_id: UUID,
    lease_ids: Sequence[UUID],
    state: LeaseState,
    reason: SkipReason | None,
) -> None:
    connection = uow.connection
    held = _locked_leases(connection, annotator_id, lease_ids)
    if not held:
        return
    _end_leases(connection, held, state, reason)
    priorities = _locked_tasks(connection, [lease.task_id for lease in held])
    # What ran out and was returned meanwhile has no place to free, nor has training.
    freed = [lease for lease in held if free_place(connection, lease.id)]
    for project_id in sorted({lease.project_id for lease in freed}):
        returned = {
            lease.task_id: priorities[lease.task_id]
            for lease in freed
            if lease.project_id == project_id
        }
        return_places(connection, project_id=project_id, priorities=returned)


def _locked_leases(
    connection: Connection, annotator_id: UUID, lease_ids: Sequence[UUID]
) -> Sequence[sa.Row[*tuple[object, ...]]]:
    """Lock leases and return those that are still held; refuse one that is not the annotator's."""
    leases = connection.execute(
        sa.select(
            LEASE.c.id, LEASE.c.project_id, LEASE.c.task_id, LEASE.c.place_number, LEASE.c.state
        )
        .where(LEASE.c.id.in_(lease_ids), LEASE.c.annotator_id == annotator_id)
        .order_by(LEASE.c.id)
        .with_for_update(of=LEASE, key_share=True)
    ).all()
    if len(leases) < len(set(lease_ids)):
        raise no_such_lease()
    if any(lease.state is LeaseState.LABELLED for lease in leases):
        raise Conflict("You have already answered this task.")
    return [lease for lease in leases if lease.state is LeaseState.HELD]


def _locked_tasks(connection: Connection, task_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Lock tasks, in one order for everybody, and return their priorities."""
    rows = connection.execute(
        sa.select(TASK.c.id, TASK.c.priority)
        .where(TASK.c.id.in_(task_ids))
        .order_by(TASK.c.id)
        .with_for_update(of=TASK, key_share=True)
    )
    return {row.id: row.priority for row in rows}


def _end_leases(
    connection: Connection,
    leases: Sequence[sa.Row[*tuple[object, ...]]],
    state: LeaseState,
    reason: SkipReason | None,
) -> None:
    # Their time ends now, so that the places may be given to others at once.
    now = clock.now()
    ended = sa.case((LEASE.c.expires_at < now, LEASE.c.expires_at), else_=now)
    connection.execute(
        sa.update(LEASE)
        .where(LEASE.c.id.in_([lease.id for lease in leases]))
        .values(state=state, skip_reason=reason, expires_at=ended)
    )
