"""A task together with its project's rules, loaded and locked as one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import TaskType
from crowd.tables import PROJECT, TASK
from crowd.task_types import READS_PAYLOAD
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import Json, JsonObject


@dataclass(frozen=True)
class TaskRules:
    """A task, and the rules of its project by which its labels are judged."""

    task_id: UUID
    project_id: UUID
    priority: int
    position: int
    gold_answer: Json | None
    task_type: TaskType
    answer_schema: JsonObject
    floor: int
    ceiling: int
    confidence: float
    budget_labels: int | None
    # None where the task type needs none to check an answer.
    payload: JsonObject | None

    @property
    def is_gold(self) -> bool:
        """Say whether the answer was known from the start."""
        return self.gold_answer is not None


RULE_COLUMNS = (
    TASK.c.id.label("task_id"),
    TASK.c.project_id,
    TASK.c.priority,
    TASK.c.position,
    TASK.c.gold_answer,
    PROJECT.c.task_type,
    PROJECT.c.answer_schema,
    PROJECT.c.floor,
    PROJECT.c.ceiling,
    PROJECT.c.confidence,
    PROJECT.c.budget_labels,
    # A payload may be large, and most task types need none to check an answer.
    sa.case(
        (
            sa.or_(sa.false(), *(PROJECT.c.task_type == each for each in READS_PAYLOAD)),
            TASK.c.payload,
        )
    ).label("payload"),
)


def rules_from(row: Mapping[str, Any]) -> TaskRules:
    """Read the rules out of a row that selected RULE_COLUMNS, among others."""
    return TaskRules(**{field.name: row[field.name] for field in fields(TaskRules)})


def locked_rules(connection: Connection, task_id: UUID) -> TaskRules:
    """Load a task's rules and lock the task until the transaction ends."""
    statement = (
        sa.select(*RULE_COLUMNS)
        .join_from(TASK, PROJECT, PROJECT.c.id == TASK.c.project_id)
        .where(TASK.c.id == task_id)
        .with_for_update(of=TASK, key_share=True)
    )
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound("There is no such task.")
    return rules_from(dict(row))
