"""A recount of a project's whole history: what must never have happened, counted from the rows."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import Fate, LeaseState, Origin, TaskState
from crowd.projects import project_by_id
from crowd.tables import EARNING, LABEL, LEASE, PLACE, TASK
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Integrity:
    """What a recount found; each number should be 0."""

    places_handed_out_twice: int
    tasks_over_ceiling: int
    labels_lost: int
    tasks_stuck: int


def counted_integrity(uow: UnitOfWork, *, project_id: UUID) -> Integrity:
    """Recount a project's leases, labels and payments, without believing any stored sum."""
    project = project_by_id(uow, project_id=project_id)
    connection = uow.session.connection()
    return Integrity(
        places_handed_out_twice=_overlapping_leases(connection, project_id)
        + _places_with_two_labels(connection, project_id),
        tasks_over_ceiling=_tasks_over(connection, project_id, project.ceiling),
        labels_lost=_answers_without_label(connection, project_id),
        tasks_stuck=_tasks_stuck(connection, project_id),
    )


def _overlapping_leases(connection: Connection, project_id: UUID) -> int:
    """Count leases of a place that began before the one before it had ended, or been answered."""
    earlier = LEASE.alias()
    answered = LABEL.alias()
    # A lease's own label keeps its place for good, whenever the lease would have run out.
    kept = sa.and_(
        answered.c.lease_id == earlier.c.id,
        answered.c.place_number == earlier.c.place_number,
        answered.c.created_at < LEASE.c.given_at,
    )
    overlaps = sa.or_(earlier.c.expires_at > LEASE.c.given_at, answered.c.id.is_not(None))
    statement = (
        sa.select(sa.func.count(sa.distinct(LEASE.c.id)))
        .join_from(
            LEASE,
            earlier,
            sa.and_(
                earlier.c.task_id == LEASE.c.task_id,
                earlier.c.place_number == LEASE.c.place_number,
                earlier.c.id != LEASE.c.id,
                earlier.c.given_at <= LEASE.c.given_at,
            ),
        )
        .join(answered, kept, isouter=True)
        .where(LEASE.c.project_id == project_id, overlaps)
    )
    return int(connection.execute(statement).scalar_one())


def _places_with_two_labels(connection: Connection, project_id: UUID) -> int:
    doubled = (
        sa.select(LABEL.c.task_id, LABEL.c.place_number)
        .where(
            LABEL.c.project_id == project_id,
            LABEL.c.is_current,
            LABEL.c.place_number.is_not(None),
        )
        .group_by(LABEL.c.task_id, LABEL.c.place_number)
        .having(sa.func.count() > 1)
    )
    return _count(connection, doubled)


def _tasks_over(connection: Connection, project_id: UUID, ceiling: int) -> int:
    crowded = (
        sa.select(LABEL.c.task_id)
        .join_from(LABEL, TASK, TASK.c.id == LABEL.c.task_id)
        .where(
            LABEL.c.project_id == project_id,
            LABEL.c.is_current,
            LABEL.c.origin == Origin.CROWD,
            LABEL.c.fate == Fate.ACCEPTED,
            TASK.c.gold_answer.is_(None),
        )
        .group_by(LABEL.c.task_id)
        .having(sa.func.count() > ceiling)
    )
    return _count(connection, crowded)


def _answers_without_label(connection: Connection, project_id: UUID) -> int:
    """Count leases that were answered or paid for, but whose label is not there."""
    paid = sa.select(1).where(EARNING.c.lease_id == LEASE.c.id).exists()
    kept = sa.select(1).where(LABEL.c.lease_id == LEASE.c.id).exists()
    lost = sa.select(LEASE.c.id).where(
        LEASE.c.project_id == project_id,
        sa.or_(LEASE.c.state == LeaseState.LABELLED, paid),
        ~kept,
    )
    return _count(connection, lost)


def _tasks_stuck(connection: Connection, project_id: UUID) -> int:
    """Count tasks that still ask for labels but have no place for one."""
    waiting = (
        sa.select(1)
        .where(PLACE.c.task_id == TASK.c.id, PLACE.c.label_id.is_(None), PLACE.c.rank.is_not(None))
        .exists()
    )
    stuck = sa.select(TASK.c.id).where(
        TASK.c.project_id == project_id, TASK.c.state == TaskState.OPEN, ~waiting
    )
    return _count(connection, stuck)


def _count(connection: Connection, rows: sa.Select[*tuple[object, ...]]) -> int:
    statement = sa.select(sa.func.count()).select_from(rows.subquery())
    return int(connection.execute(statement).scalar_one())
