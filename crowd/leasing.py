"""Leases: the right of one annotator to answer one task until a time.

Locks are taken in one order, so that nobody waits in a circle:

1. a project, where one is changed or added to
2. the annotator's record
3. leases, by id
4. tasks, by id
5. places, of tasks that are locked
6. the project's row of `project_queue`, under which turns are given
7. the counters of the audit log

A hand-out waits for nothing after the annotator's record: a place, a task or the queue's row that
somebody else holds is passed by, and who has their choices or sensitive tasks in another request
is asked to try again. The one exception is a project near the end of its budget, where the queue's
row is taken before any place. In the transaction of a label the next lease comes last.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.admission import check_admission, count_sensitive, desk_alone
from crowd.annotator_records import write_record
from crowd.budgets import is_spent
from crowd.desk import MOST_LEASES, Desk, desk_of, desk_of_locked
from crowd.giving_back import release_lease, release_leases, renew_leases, skip_lease
from crowd.gold import gold_or
from crowd.leased_tasks import LeasedTask, held_leases, leased_task
from crowd.models import LeaseReason, LeaseState, Purpose
from crowd.places import return_expired
from crowd.searching import FoundPlace, Searched, find_place
from crowd.tables import LEASE, PLACE, TASK
from crowd.training import asks_training, find_training
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "MOST_LEASES",
    "HandedOut",
    "LeasedTask",
    "hand_out",
    "held_leases",
    "leased_task",
    "next_lease",
    "release_lease",
    "release_leases",
    "renew_leases",
    "skip_lease",
]

_COIN_SIDES = 1_000_000
_REASONS = {
    Purpose.GOLD: LeaseReason.GOLD,
    Purpose.EXTRA_OPINION: LeaseReason.EXTRA_OPINION,
    Purpose.AUDIT: LeaseReason.AUDIT,
}
# A search that finds nothing returns what ran out so often, then leaves the rest for the next.
_MOST_RETURNS = 10


@dataclass(frozen=True)
class HandedOut:
    """What came of asking for a task, and of the search for it, which is still to be written."""

    leased: LeasedTask | None
    searched: Searched | None = None


class _TaskToGive(Protocol):
    """What is needed of a task to lease it."""

    @property
    def task_id(self) -> UUID: ...

    @property
    def external_id(self) -> str: ...

    @property
    def payload(self) -> JsonObject: ...


def next_lease(uow: UnitOfWork, *, project_id: UUID, annotator_id: UUID) -> LeasedTask | None:
    """Give an annotator the next task, or None where nothing waits for them.

    Raise Conflict where the project is not open, where the annotator may not work in it now, or
    where they hold three tasks of it.
    """
    connection = uow.connection
    now = clock.now()
    desk = desk_of(connection, project_id, annotator_id, now)
    handed = hand_out(connection, desk, now)
    write_record(
        connection, project_id=project_id, annotator_id=annotator_id, searched=handed.searched
    )
    return handed.leased


def hand_out(connection: Connection, desk: Desk, now: datetime, *, uncounted: int = 0) -> HandedOut:
    """Give the next task to whoever sits at a desk, or raise Conflict before anything is changed.

    Their record is locked. `uncounted`: labels of this transaction that it does not count yet.
    """
    desk = desk_alone(connection, desk, now)
    check_admission(desk, now)
    if desk.n_held >= MOST_LEASES:
        raise _holds_enough()
    if asks_training(desk, now):
        return HandedOut(_give_training(connection, desk, now))
    if is_spent(
        connection,
        project_id=desk.project_id,
        budget=desk.budget_labels,
        now=now,
        uncounted=uncounted,
    ):
        return HandedOut(None)
    searched = _search(connection, desk, now)
    place = gold_or(connection, desk, searched.place, now)
    return HandedOut(None if place is None else _give(connection, desk, place, now), searched)


def _search(connection: Connection, desk: Desk, now: datetime) -> Searched:
    """Search the queue, with what ran out returned to it: no sweep needs to run for that."""
    if not desk.has_expired(now):
        return find_place(connection, desk, now)
    for _ in range(_MOST_RETURNS):
        more = return_expired(connection, project_id=desk.project_id, now=now)
        present = desk_of_locked(connection, desk.project_id, desk.annotator_id, now)
        desk = replace(present, cursors=desk.cursors, searched_anew_at=desk.searched_anew_at)
        searched = find_place(connection, desk, now)
        if searched.place is not None or not more:
            break
        desk = replace(
            desk, cursors=dict(searched.cursors), searched_anew_at=searched.searched_anew_at
        )
    return searched


def _give(connection: Connection, desk: Desk, place: FoundPlace, now: datetime) -> LeasedTask:
    shown = _shows_suggestion(desk, place.suggestion)
    suggestion = place.suggestion if shown else None
    leased = _leased(desk, place, _reason_for(place), now, suggestion=suggestion)
    _insert_lease(connection, desk, leased, place_number=place.number, suggestion_shown=shown)
    _TAKE_PLACE.later(
        connection,
        {
            "of_task": place.task_id,
            "of_number": place.number,
            "rank": None,
            "annotator_id": desk.annotator_id,
            "lease_id": leased.lease_id,
            "leased_until": leased.expires_at,
        },
    )
    count_sensitive(connection, desk, now)
    return leased


def _give_training(connection: Connection, desk: Desk, now: datetime) -> LeasedTask | None:
    held = {"project_id": desk.project_id, "annotator_id": desk.annotator_id, "now": now}
    [row] = _COUNT_TRAINING.all(connection, held)
    if row.n_held + desk.n_held >= MOST_LEASES:
        raise _holds_enough()
    task = find_training(connection, desk)
    if task is None:
        return None
    if task.was_answered:
        desk = replace(desk, pay_minor=0)  # a training task is paid once
    leased = _leased(desk, task, LeaseReason.TRAINING, now, suggestion=None)
    _insert_lease(connection, desk, leased, place_number=None, suggestion_shown=None)
    count_sensitive(connection, desk, now)
    return leased


def _leased(
    desk: Desk, task: _TaskToGive, reason: LeaseReason, now: datetime, *, suggestion: Json | None
) -> LeasedTask:
    return LeasedTask(
        lease_id=new_id(),
        project_id=desk.project_id,
        task_id=task.task_id,
        external_id=task.external_id,
        task_type=desk.task_type,
        payload=task.payload,
        answer_schema=desk.answer_schema,
        instructions_version=desk.instructions_version,
        content_flags=desk.content_flags,
        suggestion=suggestion,
        pay_minor=desk.pay_minor,
        currency=desk.currency,
        reason=reason,
        given_at=now,
        expires_at=now + timedelta(seconds=desk.lease_seconds),
    )


def _insert_lease(
    connection: Connection,
    desk: Desk,
    leased: LeasedTask,
    *,
    place_number: int | None,
    suggestion_shown: bool | None,
) -> None:
    _INSERT_LEASE.later(
        connection,
        {
            "id": leased.lease_id,
            "project_id": leased.project_id,
            "task_id": leased.task_id,
            "place_number": place_number,
            "annotator_id": desk.annotator_id,
            "reason": leased.reason,
            "state": LeaseState.HELD,
            "skip_reason": None,
            "instructions_version": leased.instructions_version,
            "suggestion_shown": suggestion_shown,
            "pay_minor": leased.pay_minor,
            "active_seconds": 0.0,
            "last_beat_at": None,
            "given_at": leased.given_at,
            "expires_at": leased.expires_at,
        },
    )


def _shows_suggestion(desk: Desk, suggestion: Json | None) -> bool | None:
    # A secret coin: who sees a suggestion must not depend on the task or on the annotator.
    if suggestion is None:
        return None
    return secrets.randbelow(_COIN_SIDES) < desk.suggestion_share * _COIN_SIDES


def _reason_for(place: FoundPlace) -> LeaseReason:
    ordinary = LeaseReason.PRIORITY if place.priority > 0 else LeaseReason.ORDER
    return _REASONS.get(place.purpose, ordinary)


def _holds_enough() -> Conflict:
    return Conflict(f"You hold {MOST_LEASES} tasks of this project: answer or skip one first.")


def _count_training() -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(sa.func.count().label("n_held"))
        .join_from(TASK, LEASE, LEASE.c.task_id == TASK.c.id)
        .where(
            TASK.c.project_id == sa.bindparam("project_id"),
            # Written out, so that both databases use the index of training tasks.
            TASK.c.use == sa.literal_column("'training'"),
            LEASE.c.annotator_id == sa.bindparam("annotator_id"),
            LEASE.c.state == LeaseState.HELD,
            LEASE.c.expires_at > sa.bindparam("now"),
        )
    )


_COUNT_TRAINING = Statement(_count_training())
_INSERT_LEASE = Statement(sa.insert(LEASE))
_TAKE_PLACE = Statement(
    sa.update(PLACE).where(
        PLACE.c.task_id == sa.bindparam("of_task"), PLACE.c.number == sa.bindparam("of_number")
    ),
    sets=("rank", "annotator_id", "lease_id", "leased_until"),
)
