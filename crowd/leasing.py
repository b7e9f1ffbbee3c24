"""Leases: the right of one annotator to answer one task until a time.

Locks are taken in one order, so that nobody waits in a circle: the annotator's record, then
the task, then its places. Where a row is locked by somebody else, the search passes it by.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.admission import check_admission, count_sensitive
from crowd.desk import Desk, desk_of
from crowd.models import LeaseReason, LeaseState, SkipReason
from crowd.places import FoundPlace, find_gold, find_place
from crowd.tables import LEASE, PLACE, PROJECT, RECORD, TASK
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

MOST_LEASES = 3
_COIN_SIDES = 1_000_000


@dataclass(frozen=True)
class LeasedTask:
    """A task that an annotator may answer. Show `reason` only once they have: gold is gold."""

    lease_id: UUID
    project_id: UUID
    task_id: UUID
    external_id: str
    payload: JsonObject
    answer_schema: JsonObject
    instructions_version: int
    reason: LeaseReason
    given_at: datetime
    expires_at: datetime


def next_lease(uow: UnitOfWork, *, project_id: UUID, annotator_id: UUID) -> LeasedTask | None:
    """Give an annotator the next task, or None where nothing waits for them.

    Raise Conflict where the project is not open, or the annotator holds three tasks of it.
    """
    connection = uow.session.connection()
    now = clock.now()
    desk = desk_of(connection, project_id, annotator_id)
    check_admission(desk, now)
    _refuse_a_fourth(connection, desk, now)
    place = _gold_by_chance(connection, desk) or find_place(
        connection,
        project_id=project_id,
        annotator_id=annotator_id,
        last_rank=desk.last_rank,
        now=now,
    )
    return None if place is None else _hand_out(connection, desk, place, now)


def held_leases(uow: UnitOfWork, *, project_id: UUID, annotator_id: UUID) -> Sequence[LeasedTask]:
    """Return the tasks that an annotator holds and has not answered, oldest first."""
    statement = (
        _leased_tasks()
        .join(PLACE, PLACE.c.lease_id == LEASE.c.id)
        .where(
            LEASE.c.project_id == project_id,
            PLACE.c.annotator_id == annotator_id,
            PLACE.c.label_id.is_(None),
            PLACE.c.leased_until > clock.now(),
        )
        .order_by(LEASE.c.id)
    )
    rows = uow.session.connection().execute(statement)
    return [LeasedTask(**row._mapping) for row in rows]


def leased_task(uow: UnitOfWork, *, annotator_id: UUID, lease_id: UUID) -> LeasedTask:
    """Return one task that an annotator was given, whatever became of it."""
    statement = _leased_tasks().where(LEASE.c.id == lease_id, LEASE.c.annotator_id == annotator_id)
    row = uow.session.connection().execute(statement).first()
    if row is None:
        raise _no_such_lease()
    return LeasedTask(**row._mapping)


def renew_leases(
    uow: UnitOfWork, *, annotator_id: UUID, lease_ids: Sequence[UUID]
) -> dict[UUID, datetime]:
    """Prolong leases and return until when; one that another annotator has now is missing."""
    connection = uow.session.connection()
    now = clock.now()
    renewed: dict[UUID, datetime] = {}
    for lease_id in sorted(set(lease_ids)):
        until = _renew(connection, annotator_id, lease_id, now)
        if until is not None:
            renewed[lease_id] = until
    return renewed


def skip_lease(uow: UnitOfWork, *, annotator_id: UUID, lease_id: UUID, reason: SkipReason) -> None:
    """Pass on a task; the annotator is not given it again, and it never counts against them."""
    _give_back(uow, annotator_id, lease_id, LeaseState.SKIPPED, reason)


def release_lease(uow: UnitOfWork, *, annotator_id: UUID, lease_id: UUID) -> None:
    """Give a task back unanswered; the annotator may be given it again."""
    _give_back(uow, annotator_id, lease_id, LeaseState.RELEASED, None)


def _refuse_a_fourth(connection: Connection, desk: Desk, now: datetime) -> None:
    asked = {"project_id": desk.project_id, "annotator_id": desk.annotator_id, "now": now}
    if connection.execute(_COUNT_HELD, asked).scalar_one() >= MOST_LEASES:
        raise Conflict(f"You hold {MOST_LEASES} tasks of this project: answer or skip one first.")


def _gold_by_chance(connection: Connection, desk: Desk) -> FoundPlace | None:
    # A secret coin: nothing that an annotator can see foretells which task is checked.
    if secrets.randbelow(_COIN_SIDES) >= desk.gold_share * _COIN_SIDES:
        return None
    return find_gold(connection, project_id=desk.project_id, annotator_id=desk.annotator_id)


def _hand_out(connection: Connection, desk: Desk, place: FoundPlace, now: datetime) -> LeasedTask:
    leased = LeasedTask(
        lease_id=new_id(),
        project_id=desk.project_id,
        task_id=place.task_id,
        external_id=place.external_id,
        payload=place.payload,
        answer_schema=desk.answer_schema,
        instructions_version=desk.instructions_version,
        reason=_reason_for(desk, place),
        given_at=now,
        expires_at=now + timedelta(seconds=desk.lease_seconds),
    )
    connection.execute(_INSERT_LEASE, _lease_row(leased, desk, place))
    count_sensitive(connection, desk, now)
    connection.execute(
        _UPDATE_PLACE,
        {
            "of_task": place.task_id,
            "of_number": place.number,
            "annotator_id": desk.annotator_id,
            "lease_id": leased.lease_id,
            "leased_until": leased.expires_at,
        },
    )
    if place.moves_search:
        _remember_search(connection, desk, place)
    return leased


def _lease_row(leased: LeasedTask, desk: Desk, place: FoundPlace) -> dict[str, object]:
    return {
        "id": leased.lease_id,
        "project_id": leased.project_id,
        "task_id": leased.task_id,
        "place_number": place.number,
        "annotator_id": desk.annotator_id,
        "reason": leased.reason,
        "state": LeaseState.HELD,
        "instructions_version": leased.instructions_version,
        "given_at": leased.given_at,
        "expires_at": leased.expires_at,
    }


def _reason_for(desk: Desk, place: FoundPlace) -> LeaseReason:
    if place.rank is None:
        return LeaseReason.GOLD
    if place.number > desk.floor:
        return LeaseReason.EXTRA_OPINION
    return LeaseReason.PRIORITY if place.priority > 0 else LeaseReason.ORDER


def _remember_search(connection: Connection, desk: Desk, place: FoundPlace) -> None:
    connection.execute(
        _UPDATE_RECORD,
        {
            "of_project": desk.project_id,
            "of_annotator": desk.annotator_id,
            "cursors": {"0": place.rank},
        },
    )


def _leased_tasks() -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(
            LEASE.c.id.label("lease_id"),
            LEASE.c.project_id,
            LEASE.c.task_id,
            TASK.c.external_id,
            TASK.c.payload,
            PROJECT.c.answer_schema,
            LEASE.c.instructions_version,
            LEASE.c.reason,
            LEASE.c.given_at,
            LEASE.c.expires_at,
        )
        .join_from(LEASE, TASK, TASK.c.id == LEASE.c.task_id)
        .join(PROJECT, PROJECT.c.id == LEASE.c.project_id)
    )


def _renew(
    connection: Connection, annotator_id: UUID, lease_id: UUID, now: datetime
) -> datetime | None:
    seconds = connection.execute(
        sa.select(PROJECT.c.lease_seconds)
        .join(LEASE, LEASE.c.project_id == PROJECT.c.id)
        .where(LEASE.c.id == lease_id, LEASE.c.annotator_id == annotator_id)
    ).scalar()
    if seconds is None:
        return None
    until = now + timedelta(seconds=seconds)
    # The place knows who has it now; a lease that ran out unnoticed may go on.
    kept = connection.execute(
        sa.update(PLACE)
        .where(PLACE.c.lease_id == lease_id, PLACE.c.label_id.is_(None))
        .values(leased_until=until)
    )
    if kept.rowcount == 0:
        return None
    connection.execute(sa.update(LEASE).where(LEASE.c.id == lease_id).values(expires_at=until))
    return until


def _give_back(
    uow: UnitOfWork,
    annotator_id: UUID,
    lease_id: UUID,
    state: LeaseState,
    reason: SkipReason | None,
) -> None:
    connection = uow.session.connection()
    held = connection.execute(
        sa.select(LEASE.c.state)
        .where(LEASE.c.id == lease_id, LEASE.c.annotator_id == annotator_id)
        .with_for_update(of=LEASE, key_share=True)
    ).first()
    if held is None:
        raise _no_such_lease()
    if held.state is LeaseState.LABELLED:
        raise Conflict("You have already answered this task.")
    if held.state is not LeaseState.HELD:
        return
    _end_lease(connection, lease_id, state, reason)
    _free_place(connection, lease_id)


def _end_lease(
    connection: Connection, lease_id: UUID, state: LeaseState, reason: SkipReason | None
) -> None:
    # Its time ends now, so that the place may be given to someone else at once.
    now = clock.now()
    ended = sa.case((LEASE.c.expires_at < now, LEASE.c.expires_at), else_=now)
    connection.execute(
        sa.update(LEASE)
        .where(LEASE.c.id == lease_id)
        .values(state=state, skip_reason=reason, expires_at=ended)
    )


def _free_place(connection: Connection, lease_id: UUID) -> None:
    # A place without a rank stays this annotator's: gold is given to nobody twice.
    keeper = sa.case((PLACE.c.rank.is_(None), PLACE.c.annotator_id), else_=None)
    connection.execute(
        sa.update(PLACE)
        .where(PLACE.c.lease_id == lease_id, PLACE.c.label_id.is_(None))
        .values(annotator_id=keeper, lease_id=None, leased_until=None)
    )


def _no_such_lease() -> NotFound:
    return NotFound("There is no such task among those that you were given.")


# Built once: to build a statement takes longer than to run it.
_COUNT_HELD = sa.select(sa.func.count()).where(
    PLACE.c.project_id == sa.bindparam("project_id"),
    PLACE.c.annotator_id == sa.bindparam("annotator_id"),
    PLACE.c.label_id.is_(None),
    PLACE.c.leased_until > sa.bindparam("now"),
)
_INSERT_LEASE = sa.insert(LEASE)
_UPDATE_PLACE = sa.update(PLACE).where(
    PLACE.c.task_id == sa.bindparam("of_task"), PLACE.c.number == sa.bindparam("of_number")
)
_UPDATE_RECORD = sa.update(RECORD).where(
    RECORD.c.project_id == sa.bindparam("of_project"),
    RECORD.c.annotator_id == sa.bindparam("of_annotator"),
)
