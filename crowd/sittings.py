"""Sittings: how long an annotator works, by the signs of life of the page that they work on.

Time is counted from one sign to the next, at most `LONGEST_GAP` and nothing after a break, and
never a moment twice: what is counted reaches up to `sitting.last_beat_at`, for all pages of a
person together. A page that says that nobody works there moves only its own mark, on the lease.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.admission import rest_sentence
from crowd.leasing import renew_leases
from crowd.models import LeaseState, Sitting
from crowd.sitting_times import BREAK, LONGEST_GAP, REST, rests_until
from crowd.tables import LEASE, PROJECT, SITTING, insert_unless_there
from folkmoot.kernel import clock
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Beat:
    """What a sign of life is answered.

    leases: until when each lease holds now; one that another annotator has is missing.
    seconds_since_break: active work since the last five minutes without any.
    break_is_due: the project's time for a break has come.
    rests_until: when the next task may be had, once the sitting has lasted as long as it may.
    notice: the sentence about a break or a rest, or "".
    """

    leases: Mapping[UUID, datetime]
    seconds_since_break: float
    break_is_due: bool
    rests_until: datetime | None
    notice: str


@dataclass(frozen=True)
class _Shown:
    """The lease on the screen, with its project's limits."""

    lease_id: UUID
    # Up to which moment the time on this lease is known.
    mark: datetime
    break_after_minutes: int
    session_cap_minutes: int | None


def beat(
    uow: UnitOfWork, *, annotator_id: UUID, lease_ids: Sequence[UUID], is_active: bool
) -> Beat:
    """Renew leases, and count the time since the last sign of life where the person works.

    lease_ids: the lease on the screen first; the time is counted to it.
    """
    leases = renew_leases(uow, annotator_id=annotator_id, lease_ids=lease_ids)
    connection = uow.session.connection()
    now = clock.now()
    sitting = _locked_sitting(connection, annotator_id, now)
    shown = _shown(connection, annotator_id, lease_ids)
    if shown is None:
        return _beat_of(leases, sitting, None, now)
    if is_active:
        sitting = _worked(connection, sitting, shown, now)
    connection.execute(
        sa.update(LEASE).where(LEASE.c.id == shown.lease_id).values(last_beat_at=now)
    )
    return _beat_of(leases, sitting, shown, now)


def sitting_of(uow: UnitOfWork, *, annotator_id: UUID) -> Sitting | None:
    """Return how long somebody has been at work, or None where they never were."""
    row = (
        uow.session.connection()
        .execute(sa.select(SITTING).where(SITTING.c.annotator_id == annotator_id))
        .first()
    )
    return None if row is None else Sitting(**row._mapping)


def _locked_sitting(connection: Connection, annotator_id: UUID, now: datetime) -> Sitting:
    insert_unless_there(
        connection,
        SITTING,
        annotator_id=annotator_id,
        started_at=now,
        last_beat_at=now - REST,  # nobody worked before: the first sign begins a sitting
        seconds_since_break=0.0,
        active_seconds=0.0,
    )
    row = connection.execute(
        sa.select(SITTING).where(SITTING.c.annotator_id == annotator_id).with_for_update()
    ).one()
    return Sitting(**row._mapping)


def _shown(connection: Connection, annotator_id: UUID, lease_ids: Sequence[UUID]) -> _Shown | None:
    if not lease_ids:
        return None
    row = connection.execute(
        sa.select(
            LEASE.c.id,
            sa.func.coalesce(LEASE.c.last_beat_at, LEASE.c.given_at, type_=LEASE.c.given_at.type),
            PROJECT.c.break_after_minutes,
            PROJECT.c.session_cap_minutes,
        )
        .join_from(LEASE, PROJECT, PROJECT.c.id == LEASE.c.project_id)
        .where(
            LEASE.c.id == lease_ids[0],
            LEASE.c.annotator_id == annotator_id,
            LEASE.c.state == LeaseState.HELD,
        )
    ).first()
    return None if row is None else _Shown(*row)


def _worked(connection: Connection, sitting: Sitting, shown: _Shown, now: datetime) -> Sitting:
    """Count the work since the last sign of life, and return the sitting as it is now."""
    away = now - sitting.last_beat_at
    is_new, is_rested = away >= REST, away >= BREAK
    seconds = _seconds_worked(sitting, shown, now)
    after = Sitting(
        annotator_id=sitting.annotator_id,
        started_at=now - timedelta(seconds=seconds) if is_new else sitting.started_at,
        last_beat_at=max(now, sitting.last_beat_at),
        seconds_since_break=seconds + (0.0 if is_rested else sitting.seconds_since_break),
        active_seconds=seconds + (0.0 if is_new else sitting.active_seconds),
    )
    connection.execute(
        sa.update(SITTING)
        .where(SITTING.c.annotator_id == sitting.annotator_id)
        .values(after.model_dump(exclude={"annotator_id"}))
    )
    connection.execute(
        sa.update(LEASE)
        .where(LEASE.c.id == shown.lease_id)
        .values(active_seconds=LEASE.c.active_seconds + seconds)
    )
    return after


def _seconds_worked(sitting: Sitting, shown: _Shown, now: datetime) -> float:
    # What another page of the same person has counted ends at the sitting's own mark.
    gap = now - max(shown.mark, sitting.last_beat_at)
    return 0.0 if gap >= BREAK else max(0.0, min(gap, LONGEST_GAP).total_seconds())


def _beat_of(
    leases: Mapping[UUID, datetime], sitting: Sitting, shown: _Shown | None, now: datetime
) -> Beat:
    stretch = 0.0 if now - sitting.last_beat_at >= BREAK else sitting.seconds_since_break
    until = rests_until(
        cap_minutes=None if shown is None else shown.session_cap_minutes,
        sitting_seconds=sitting.active_seconds,
        last_beat_at=sitting.last_beat_at,
        now=now,
    )
    is_due = shown is not None and stretch >= shown.break_after_minutes * 60
    return Beat(
        leases=leases,
        seconds_since_break=stretch,
        break_is_due=is_due,
        rests_until=until,
        notice=_notice(shown, stretch, until, is_due=is_due),
    )


def _notice(shown: _Shown | None, stretch: float, until: datetime | None, *, is_due: bool) -> str:
    if shown is not None and until is not None:
        return rest_sentence(shown.session_cap_minutes or 0, until)
    if not is_due:
        return ""
    minutes = int(stretch // 60)
    plural = "" if minutes == 1 else "s"
    return (
        f"You have worked {minutes} minute{plural} without a break. Look away for "
        f"{int(BREAK.total_seconds() // 60)} minutes: your tasks wait for you."
    )
