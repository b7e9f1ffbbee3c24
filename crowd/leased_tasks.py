"""What an annotator holds: a leased task with all that is needed to answer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from crowd.models import LeaseReason, LeaseState, TaskType
from crowd.tables import LEASE, PLACE, PROJECT, TASK
from folkmoot.kernel import clock
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class LeasedTask:
    """A task that an annotator may answer. Show `reason` only once they have: gold is gold.

    suggestion: a machine's answer, where this annotator is to see it.
    """

    lease_id: UUID
    project_id: UUID
    task_id: UUID
    external_id: str
    task_type: TaskType
    payload: JsonObject
    answer_schema: JsonObject
    instructions_version: int
    content_flags: list[str]
    suggestion: Json | None
    pay_minor: int
    currency: str
    reason: LeaseReason
    given_at: datetime
    expires_at: datetime

    @property
    def is_training(self) -> bool:
        """Say whether the annotator learns from it; of training, people may know that it is."""
        return self.reason is LeaseReason.TRAINING


def held_leases(uow: UnitOfWork, *, project_id: UUID, annotator_id: UUID) -> Sequence[LeasedTask]:
    """Return the tasks that an annotator holds and has not answered, oldest first."""
    now = clock.now()
    in_places = (
        sa.select(PLACE.c.lease_id)
        .where(
            PLACE.c.annotator_id == annotator_id,
            PLACE.c.project_id == project_id,
            PLACE.c.label_id.is_(None),
            PLACE.c.leased_until > now,
        )
        .union_all(
            sa.select(LEASE.c.id)
            .join_from(TASK, LEASE, LEASE.c.task_id == TASK.c.id)
            .where(
                TASK.c.project_id == project_id,
                # Written out, so that both databases use the index of training tasks.
                TASK.c.use == sa.literal_column("'training'"),
                LEASE.c.annotator_id == annotator_id,
                LEASE.c.state == LeaseState.HELD,
                LEASE.c.expires_at > now,
            )
        )
    )
    statement = _LEASED.where(LEASE.c.id.in_(in_places)).order_by(LEASE.c.id)
    return [_leased(row) for row in uow.session.connection().execute(statement).mappings()]


def leased_task(uow: UnitOfWork, *, annotator_id: UUID, lease_id: UUID) -> LeasedTask:
    """Return one task that an annotator was given, whatever became of it."""
    statement = _LEASED.where(LEASE.c.id == lease_id, LEASE.c.annotator_id == annotator_id)
    row = uow.session.connection().execute(statement).mappings().first()
    if row is None:
        raise no_such_lease()
    return _leased(row)


def no_such_lease() -> NotFound:
    """Return the refusal of a lease that is not there, or another's: nobody learns which."""
    return NotFound("There is no such task among those that you were given.")


def _leased(row: sa.RowMapping) -> LeasedTask:
    values = dict(row)
    if not values.pop("suggestion_shown"):
        values["suggestion"] = None
    return LeasedTask(**values)


_LEASED = (
    sa.select(
        LEASE.c.id.label("lease_id"),
        LEASE.c.project_id,
        LEASE.c.task_id,
        TASK.c.external_id,
        PROJECT.c.task_type,
        TASK.c.payload,
        PROJECT.c.answer_schema,
        LEASE.c.instructions_version,
        PROJECT.c.content_flags,
        TASK.c.suggestion,
        LEASE.c.suggestion_shown,
        LEASE.c.pay_minor,
        PROJECT.c.currency,
        LEASE.c.reason,
        LEASE.c.given_at,
        LEASE.c.expires_at,
    )
    .join_from(LEASE, TASK, TASK.c.id == LEASE.c.task_id)
    .join(PROJECT, PROJECT.c.id == LEASE.c.project_id)
)
