"""One annotator's turn at one task, loaded and locked in one statement."""

from dataclasses import dataclass, fields
from datetime import datetime
from math import isfinite
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.leased_tasks import no_such_lease
from crowd.models import LeaseReason, LeaseState, TaskState
from crowd.rules import RULE_COLUMNS, TaskRules, rules_from
from crowd.tables import LEASE, PROJECT, RECORD, TASK
from crowd.tallies import Tally
from crowd.task_types import task_type_of
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.statements import Statement

MOST_ACTIVE_SECONDS = 86_400


@dataclass(frozen=True)
class Turn:
    """One annotator's turn at one task: the lease, the task and the rules, all locked."""

    lease_id: UUID
    annotator_id: UUID
    place_number: int | None
    state: LeaseState
    reason: LeaseReason
    instructions_version: int
    given_at: datetime
    # What the page's signs of life count, and when the last one came.
    beat_seconds: float
    last_beat_at: datetime | None
    # What the annotator was shown, whatever the project pays by now.
    pay_minor: int
    currency: str
    watch: JsonObject
    task_state: TaskState
    tally: Tally
    # What the newest consensus run says of the annotator, and of how many of their labels.
    run_reliability: float | None
    run_labels: int | None
    rules: TaskRules

    @property
    def is_training(self) -> bool:
        """Say whether the annotator answers to learn, and takes no place."""
        return self.reason is LeaseReason.TRAINING

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
    found = _LOCKED_TURN.first(connection, asked)
    if found is None:
        raise no_such_lease()
    row = found._asdict()
    return Turn(
        lease_id=lease_id,
        annotator_id=annotator_id,
        place_number=row["place_number"],
        state=row["lease_state"],
        reason=row["reason"],
        instructions_version=row["instructions_version"],
        given_at=row["given_at"],
        beat_seconds=row["beat_seconds"],
        last_beat_at=row["last_beat_at"],
        pay_minor=row["pay_minor"],
        currency=row["currency"],
        watch=row["watch"],
        task_state=row["task_state"],
        tally=Tally(**{field.name: row[field.name] for field in fields(Tally)}),
        run_reliability=row["run_reliability"],
        run_labels=row["run_labels"],
        rules=rules_from(row),
    )


def check_seconds(active_seconds: float) -> None:
    """Raise InvalidInput for a time that nobody can have worked on one task."""
    if not (isfinite(active_seconds) and 0 <= active_seconds <= MOST_ACTIVE_SECONDS):
        sentence = f"The active time must be 0 to {MOST_ACTIVE_SECONDS} seconds."
        raise InvalidInput(sentence, fields=[FieldProblem("/active_seconds", sentence)])


_LOCKED_TURN = Statement(
    sa.select(
        LEASE.c.place_number,
        LEASE.c.state.label("lease_state"),
        LEASE.c.reason,
        LEASE.c.instructions_version,
        LEASE.c.given_at,
        LEASE.c.pay_minor,
        LEASE.c.active_seconds.label("beat_seconds"),
        LEASE.c.last_beat_at,
        PROJECT.c.currency,
        PROJECT.c.watch,
        TASK.c.state.label("task_state"),
        *(RECORD.c[field.name] for field in fields(Tally)),
        RECORD.c.run_reliability,
        RECORD.c.run_labels,
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
