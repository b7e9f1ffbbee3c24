"""One annotator's turn at one task, loaded and locked in one statement."""

from dataclasses import dataclass
from math import isfinite
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import LeaseReason, LeaseState, TaskState
from crowd.rules import RULE_COLUMNS, TaskRules, rules_from
from crowd.tables import LEASE, PROJECT, RECORD, TASK
from crowd.task_types import task_type_of
from folkmoot.kernel.errors import FieldProblem, InvalidInput, NotFound
from folkmoot.kernel.json_values import Json

MOST_ACTIVE_SECONDS = 86_400


@dataclass(frozen=True)
class Turn:
    """One annotator's turn at one task: the lease, the task and the rules, all locked."""

    lease_id: UUID
    annotator_id: UUID
    place_number: int
    state: LeaseState
    reason: LeaseReason
    instructions_version: int
    pay_minor: int
    currency: str
    task_state: TaskState
    rules: TaskRules

    def was_right(self, answer: Json) -> bool | None:
        """Say whether an answer is the known one, or None where none is known."""
        gold, rules = self.rules.gold_answer, self.rules
        if gold is None:
            return None
        return task_type_of(rules.task_type).agrees(rules.answer_schema, answer, gold)


def check_answer(rules: TaskRules, answer: Json) -> None:
    """Raise InvalidInput, pointing at what is wrong, for an answer that is not allowed."""
    kind = task_type_of(rules.task_type)
    kind.check_answer(rules.answer_schema, answer, rules.payload)


def turn_of(connection: Connection, annotator_id: UUID, lease_id: UUID) -> Turn:
    """Load a turn and lock the annotator's record, the lease and the task, or raise NotFound."""
    asked = {"lease_id": lease_id, "annotator_id": annotator_id}
    row = connection.execute(_LOCKED_TURN, asked).mappings().first()
    if row is None:
        raise NotFound("There is no such task among those that you were given.")
    return Turn(
        lease_id=lease_id,
        annotator_id=annotator_id,
        place_number=row["place_number"],
        state=row["lease_state"],
        reason=row["reason"],
        instructions_version=row["instructions_version"],
        pay_minor=row["pay_minor"],
        currency=row["currency"],
        task_state=row["task_state"],
        rules=rules_from(row),
    )


def check_seconds(active_seconds: float) -> None:
    """Raise InvalidInput for a time that nobody can have worked on one task."""
    if not (isfinite(active_seconds) and 0 <= active_seconds <= MOST_ACTIVE_SECONDS):
        sentence = f"The active time must be 0 to {MOST_ACTIVE_SECONDS} seconds."
        raise InvalidInput(sentence, fields=[FieldProblem("/active_seconds", sentence)])


_LOCKED_TURN = (
    sa.select(
        LEASE.c.place_number,
        LEASE.c.state.label("lease_state"),
        LEASE.c.reason,
        LEASE.c.instructions_version,
        PROJECT.c.pay_minor,
        PROJECT.c.currency,
        TASK.c.state.label("task_state"),
        *RULE_COLUMNS,
    )
    .join_from(
        RECORD,
        LEASE,
        sa.and_(
            RECORD.c.project_id == LEASE.c.project_id,
            RECORD.c.annotator_id == LEASE.c.annotator_id,
        ),
    )
    .join(TASK, TASK.c.id == LEASE.c.task_id)
    .join(PROJECT, PROJECT.c.id == LEASE.c.project_id)
    .where(
        LEASE.c.id == sa.bindparam("lease_id"),
        LEASE.c.annotator_id == sa.bindparam("annotator_id"),
    )
    .with_for_update(of=[RECORD, LEASE, TASK], key_share=True)
)
