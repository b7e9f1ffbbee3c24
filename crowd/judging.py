"""What the labels of one task say so far, and whether it needs another.

The caller holds the task's lock: of two labels that arrive together, the second one's judgement
sees the first, so no task is left open without a place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.aggregation import StoppingRule
from crowd.models import Origin, TaskState
from crowd.places import INSERT_PLACE, count_places, new_places, rank_of, stop_giving_out
from crowd.quality import expected_reliability
from crowd.rules import TaskRules
from crowd.tables import LABEL, RECORD, TASK
from crowd.tallies import Tally
from crowd.task_types import Voice, task_type_of
from folkmoot.kernel.json_values import Json


@dataclass(frozen=True)
class _Voice:
    """One current label of a task, and how far its annotator is believed."""

    answer: Json
    origin: Origin
    reliability: float


@dataclass(frozen=True)
class _Opinion:
    """What the current labels of a task say together."""

    answer: Json
    confidence: float
    n_labels: int
    is_expert: bool


def judge_task(connection: Connection, rules: TaskRules) -> TaskState:
    """Update a task's answer and confidence, and open or close places as they ask for."""
    voices = _voices(connection, rules.task_id)
    if rules.is_gold:
        _store(connection, rules.task_id, n_labels=len(voices))
        return TaskState.COMPLETE
    opinion = _opinion_of(voices, rules)
    state = _state_after(connection, rules, opinion)
    _store(
        connection,
        rules.task_id,
        n_labels=opinion.n_labels,
        answer=opinion.answer,
        confidence=opinion.confidence,
        state=state,
    )
    return state


def _voices(connection: Connection, task_id: UUID) -> list[_Voice]:
    return [
        _Voice(
            row.answer,
            row.origin,
            expected_reliability(
                Tally(gold_right=row.gold_right or 0, gold_seen=row.gold_seen or 0)
            ),
        )
        for row in connection.execute(_CURRENT_LABELS, {"of_task": task_id})
    ]


def _opinion_of(voices: Sequence[_Voice], rules: TaskRules) -> _Opinion:
    by_experts = [voice.answer for voice in voices if voice.origin is Origin.REVIEW]
    if by_experts:
        # The latest expert has the last word, whatever the crowd said.
        return _Opinion(by_experts[-1], 1.0, len(voices), is_expert=True)
    heard = [Voice(voice.answer, voice.reliability) for voice in voices]
    opinion = task_type_of(rules.task_type).opinion_of(rules.answer_schema, heard)
    return _Opinion(opinion.answer, opinion.confidence, len(voices), is_expert=False)


def _state_after(connection: Connection, rules: TaskRules, opinion: _Opinion) -> TaskState:
    if opinion.is_expert:
        stop_giving_out(connection, rules.task_id)
        return TaskState.COMPLETE
    places = count_places(connection, rules.task_id)
    if places.waiting:
        return TaskState.OPEN
    rule = StoppingRule(rules.floor, rules.ceiling, rules.confidence)
    # Every place has a label by now, so below the ceiling of labels there is room for a place.
    if not rule.wants_more(opinion.n_labels, opinion.confidence):
        return TaskState.COMPLETE
    _open_place(connection, rules, number=places.total + 1)
    return TaskState.OPEN


def _open_place(connection: Connection, rules: TaskRules, *, number: int) -> None:
    rank = rank_of(priority=rules.priority, position=rules.position)
    rows = new_places(rules.task_id, rules.project_id, rank=rank, numbers=[number])
    connection.execute(INSERT_PLACE, rows)


def _store(connection: Connection, task_id: UUID, **values: object) -> None:
    connection.execute(_UPDATE_TASK, {"of_task": task_id, **values})


_UPDATE_TASK = sa.update(TASK).where(TASK.c.id == sa.bindparam("of_task"))
_CURRENT_LABELS = (
    sa.select(LABEL.c.answer, LABEL.c.origin, RECORD.c.gold_right, RECORD.c.gold_seen)
    .join_from(
        LABEL,
        RECORD,
        sa.and_(
            RECORD.c.project_id == LABEL.c.project_id,
            RECORD.c.annotator_id == LABEL.c.annotator_id,
        ),
        isouter=True,  # an expert has no such record
    )
    .where(LABEL.c.task_id == sa.bindparam("of_task"), LABEL.c.is_current)
    .order_by(LABEL.c.created_at, LABEL.c.id)
)
