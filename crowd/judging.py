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
from crowd.budgets import is_spent
from crowd.kept_labels import KeptLabel
from crowd.models import Origin, Purpose, TaskState
from crowd.places import open_place, stop_giving_out
from crowd.quality import expected_reliability
from crowd.rules import TaskRules
from crowd.tables import LABEL, PLACE, RECORD, TASK
from crowd.tallies import Tally
from crowd.task_types import Support, Voice, task_type_of
from crowd.turns import Turn
from folkmoot.kernel import clock
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.statements import Row, Statement


@dataclass(frozen=True)
class Judgement:
    """What a task's labels say after one of them came or changed.

    support: how far the others' answers support the label that came; None where there are none.
    """

    state: TaskState
    support: Support | None = None


@dataclass(frozen=True)
class Vote:
    """A current label of a task, and what is known of who gave it."""

    label_id: UUID
    answer: Json
    origin: Origin
    tally: Tally
    run_reliability: float | None
    run_labels: int | None

    @property
    def voice(self) -> Voice:
        """Return the answer with how reliable it is expected to be."""
        reliability = expected_reliability(self.tally, self.run_reliability, self.run_labels or 0)
        return Voice(self.answer, reliability)


@dataclass(frozen=True)
class _Opinion:
    """What the current labels of a task say together."""

    answer: Json
    confidence: float
    n_labels: int
    is_expert: bool


def vote_of(turn: Turn, label: KeptLabel) -> Vote:
    """Return a label that has just come as a vote."""
    return Vote(
        label.id, label.answer, label.origin, turn.tally, turn.run_reliability, turn.run_labels
    )


def judge_task(
    connection: Connection, rules: TaskRules, *, newest: Vote | None = None
) -> Judgement:
    """Update a task's answer and confidence, and open or close places as they ask for.

    `newest`: a label that has just come. It may still wait to be stored, and its annotator's
    record does not count it yet.
    """
    if rules.is_gold:
        _COUNT_FOR_GOLD.later(
            connection, {"of_task": rules.task_id, "more": int(newest is not None)}
        )
        return Judgement(TaskState.COMPLETE)
    rows = _CURRENT_LABELS.all(connection, {"of_task": rules.task_id})
    votes = _votes_in(rows, newest)
    opinion = _opinion_of(votes, rules)
    state = _state_after(connection, rules, opinion, rows[0], uncounted=int(newest is not None))
    _STORE.later(
        connection,
        {
            "of_task": rules.task_id,
            "n_labels": opinion.n_labels,
            "answer": opinion.answer,
            "confidence": opinion.confidence,
            "state": state,
        },
    )
    return Judgement(state, _support_for(newest, votes, rules))


def _votes_in(rows: Sequence[Row], newest: Vote | None) -> list[Vote]:
    """Return the current labels, the newest last, whether it is among the stored ones or not."""
    newest_id = None if newest is None else newest.label_id
    stored = [_vote(row) for row in rows if row.id not in (None, newest_id)]
    return stored if newest is None else [*stored, newest]


def _vote(row: Row) -> Vote:
    tally = Tally(
        gold_right=row.gold_right or 0,
        gold_seen=row.gold_seen or 0,
        agreed=row.agreed or 0.0,
        compared=row.compared or 0.0,
    )
    return Vote(row.id, row.answer, row.origin, tally, row.run_reliability, row.run_labels)


def _opinion_of(votes: Sequence[Vote], rules: TaskRules) -> _Opinion:
    by_experts = [vote.answer for vote in votes if vote.origin is Origin.REVIEW]
    if by_experts:
        # The latest expert has the last word, whatever the crowd said.
        return _Opinion(by_experts[-1], 1.0, len(votes), is_expert=True)
    heard = [vote.voice for vote in votes]
    opinion = task_type_of(rules.task_type).opinion_of(rules.answer_schema, heard)
    return _Opinion(opinion.answer, opinion.confidence, len(votes), is_expert=False)


def _support_for(newest: Vote | None, votes: Sequence[Vote], rules: TaskRules) -> Support | None:
    others = [vote.voice for vote in votes if vote is not newest]
    if newest is None or not others:
        return None
    kind = task_type_of(rules.task_type)
    return kind.support_for(rules.answer_schema, newest.answer, others)


def _state_after(
    connection: Connection, rules: TaskRules, opinion: _Opinion, places: Row, *, uncounted: int
) -> TaskState:
    if opinion.is_expert:
        stop_giving_out(connection, rules.task_id)
        return TaskState.COMPLETE
    if places.n_waiting:
        return TaskState.OPEN
    rule = StoppingRule(rules.floor, rules.ceiling, rules.confidence)
    # Every place has a label by now, so below the ceiling of labels there is room for a place.
    if not rule.wants_more(opinion.n_labels, opinion.confidence):
        return TaskState.COMPLETE
    if is_spent(
        connection,
        project_id=rules.project_id,
        budget=rules.budget_labels,
        now=clock.now(),
        uncounted=uncounted,
    ):
        return TaskState.COMPLETE
    _ask_for_one_more(connection, rules, opinion, number=places.last_number + 1)
    return TaskState.OPEN


def _ask_for_one_more(
    connection: Connection, rules: TaskRules, opinion: _Opinion, *, number: int
) -> None:
    is_extra = opinion.n_labels >= rules.floor
    open_place(
        connection,
        task_id=rules.task_id,
        project_id=rules.project_id,
        priority=rules.priority,
        number=number,
        purpose=Purpose.EXTRA_OPINION if is_extra else Purpose.ORDINARY,
    )


def _current_labels() -> sa.Select[*tuple[object, ...]]:
    of_task = sa.bindparam("of_task", type_=sa.Uuid())
    is_crowds = sa.and_(
        RECORD.c.project_id == LABEL.c.project_id, RECORD.c.annotator_id == LABEL.c.annotator_id
    )
    last_number = sa.select(sa.func.coalesce(sa.func.max(PLACE.c.number), 0)).where(
        PLACE.c.task_id == of_task
    )
    # In the queue, or held. An audit is not waited for, and gold is one annotator's own.
    n_waiting = sa.select(sa.func.count()).where(
        PLACE.c.task_id == of_task,
        PLACE.c.label_id.is_(None),
        PLACE.c.purpose.not_in([Purpose.AUDIT, Purpose.GOLD]),
        sa.or_(PLACE.c.rank.is_not(None), PLACE.c.lease_id.is_not(None)),
    )
    return (
        sa.select(
            LABEL.c.id,
            LABEL.c.answer,
            LABEL.c.origin,
            RECORD.c.gold_right,
            RECORD.c.gold_seen,
            RECORD.c.agreed,
            RECORD.c.compared,
            RECORD.c.run_reliability,
            RECORD.c.run_labels,
            last_number.scalar_subquery().label("last_number"),
            n_waiting.scalar_subquery().label("n_waiting"),
        )
        # The task's row is there before it has a label that is stored.
        .join_from(TASK, LABEL, (LABEL.c.task_id == TASK.c.id) & LABEL.c.is_current, isouter=True)
        .join(RECORD, is_crowds, isouter=True)  # an expert has no such record
        .where(TASK.c.id == of_task)
        .order_by(LABEL.c.created_at, LABEL.c.id)
    )


def _update_task() -> sa.Update:
    return sa.update(TASK).where(TASK.c.id == sa.bindparam("of_task"))


# The one label that may wait is given to `judge_task` beside them; what waits is no place.
_CURRENT_LABELS = Statement(_current_labels(), ahead=True)
_STORE = Statement(_update_task(), sets=("n_labels", "answer", "confidence", "state"))
_COUNT_FOR_GOLD = Statement(
    _update_task().values(n_labels=TASK.c.n_labels + sa.bindparam("more", type_=sa.Integer))
)
