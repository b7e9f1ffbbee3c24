"""A recount of a project's whole history: what must never have happened, counted from the rows."""

import json
from dataclasses import dataclass, fields
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.models import Fate, LeaseState, Origin, Project, Purpose, TaskState
from crowd.projects import project_by_id
from crowd.tables import EARNING, LABEL, LEASE, PLACE, TASK
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Integrity:
    """What a recount found; each number should be 0.

    places_handed_out_twice: leases of a place that somebody else held or had answered, and places
        with two current labels.
    tasks_over_ceiling: tasks with more accepted labels than the project allows; audits and gold
        are not asked within it.
    labels_lost: leases that were answered or paid for, but whose label is not there.
    tasks_stuck: tasks that ask for labels, but have no place in the queue or with an annotator.
    places_wrongly_queued: places in the queue that are held, answered, or of a task that is done.
    labels_doubled: annotators' second current labels of a task, training apart.
    training_counted: labels of training that have a place or count as a voice.
    labels_unpaid: leases that were answered, without a line in the ledger.
    """

    places_handed_out_twice: int
    tasks_over_ceiling: int
    labels_lost: int
    tasks_stuck: int
    places_wrongly_queued: int = 0
    labels_doubled: int = 0
    training_counted: int = 0
    labels_unpaid: int = 0

    @property
    def is_sound(self) -> bool:
        """Say whether nothing was found."""
        return not any(getattr(self, field.name) for field in fields(self))


def counted_integrity(uow: UnitOfWork, *, project_id: UUID) -> Integrity:
    """Recount a project's leases, labels and payments, without believing any stored sum."""
    project = project_by_id(uow, project_id=project_id)
    connection = uow.session.connection()
    return Integrity(
        places_handed_out_twice=_overlapping_leases(connection, project_id)
        + _places_with_two_labels(connection, project_id),
        tasks_over_ceiling=_tasks_over(connection, project_id, _highest_ceiling(uow, project)),
        labels_lost=_answers_without_label(connection, project_id),
        tasks_stuck=_tasks_stuck(connection, project_id),
        places_wrongly_queued=_places_wrongly_queued(connection, project_id),
        labels_doubled=_labels_doubled(connection, project_id),
        training_counted=_training_counted(connection, project_id),
        labels_unpaid=_labels_unpaid(connection, project_id),
    )


def _highest_ceiling(uow: UnitOfWork, project: Project) -> int:
    """Return the most labels that a task was ever allowed: a lower ceiling takes nothing back."""
    changes = select(Entry.envelope).where(
        Entry.subject_id == project.id, Entry.action == Action.PROJECT_CHANGED
    )
    before = (
        json.loads(written)["facts"].get("before", {}) for written in uow.session.exec(changes)
    )
    ceilings = [int(rules["ceiling"]) for rules in before if "ceiling" in rules]
    return max([project.ceiling, *ceilings])


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
    # A lease that was given back in the moment in which it was given overlaps with none.
    both_ran = sa.and_(
        earlier.c.expires_at > LEASE.c.given_at, LEASE.c.expires_at > earlier.c.given_at
    )
    overlaps = sa.or_(both_ran, answered.c.id.is_not(None))
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
        .join_from(LABEL, PLACE, PLACE.c.label_id == LABEL.c.id, isouter=True)
        .where(
            LABEL.c.project_id == project_id,
            LABEL.c.is_current,
            LABEL.c.origin == Origin.CROWD,
            LABEL.c.fate == Fate.ACCEPTED,
            sa.or_(PLACE.c.purpose.is_(None), _IS_FOR_CONSENSUS),
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
        .where(
            PLACE.c.task_id == TASK.c.id,
            PLACE.c.label_id.is_(None),
            _IS_FOR_CONSENSUS,
            sa.or_(PLACE.c.rank.is_not(None), PLACE.c.lease_id.is_not(None)),
        )
        .exists()
    )
    stuck = sa.select(TASK.c.id).where(
        TASK.c.project_id == project_id, TASK.c.state == TaskState.OPEN, ~waiting
    )
    return _count(connection, stuck)


def _places_wrongly_queued(connection: Connection, project_id: UUID) -> int:
    is_taken = sa.or_(
        PLACE.c.label_id.is_not(None),
        PLACE.c.lease_id.is_not(None),
        PLACE.c.annotator_id.is_not(None),
        PLACE.c.leased_until.is_not(None),
    )
    is_for_nobody = sa.and_(TASK.c.state != TaskState.OPEN, PLACE.c.purpose != Purpose.AUDIT)
    wrong = (
        sa.select(PLACE.c.task_id, PLACE.c.number)
        .join_from(PLACE, TASK, TASK.c.id == PLACE.c.task_id)
        .where(
            PLACE.c.project_id == project_id,
            PLACE.c.rank.is_not(None),
            sa.or_(is_taken, is_for_nobody),
        )
    )
    return _count(connection, wrong)


def _labels_doubled(connection: Connection, project_id: UUID) -> int:
    doubled = (
        sa.select(LABEL.c.task_id, LABEL.c.annotator_id)
        .where(LABEL.c.project_id == project_id, LABEL.c.is_current)
        .group_by(LABEL.c.task_id, LABEL.c.annotator_id)
        .having(sa.func.count() > 1)
    )
    return _count(connection, doubled)


def _training_counted(connection: Connection, project_id: UUID) -> int:
    counted = sa.select(LABEL.c.id).where(
        LABEL.c.project_id == project_id,
        LABEL.c.origin == Origin.TRAINING,
        sa.or_(LABEL.c.is_current, LABEL.c.place_number.is_not(None)),
    )
    return _count(connection, counted)


def _labels_unpaid(connection: Connection, project_id: UUID) -> int:
    paid = sa.select(1).where(EARNING.c.lease_id == LEASE.c.id).exists()
    unpaid = sa.select(LEASE.c.id).where(
        LEASE.c.project_id == project_id, LEASE.c.state == LeaseState.LABELLED, ~paid
    )
    return _count(connection, unpaid)


def _count(connection: Connection, rows: sa.Select[*tuple[object, ...]]) -> int:
    statement = sa.select(sa.func.count()).select_from(rows.subquery())
    return int(connection.execute(statement).scalar_one())


_IS_FOR_CONSENSUS = PLACE.c.purpose.not_in([Purpose.AUDIT, Purpose.GOLD])
