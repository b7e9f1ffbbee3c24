"""What stopping early saves, and the error that is paid for it, both estimated on gold.

A gold task is answered by many, whatever the first of them said. So its labels can be replayed in
the order in which they came: where would the project have stopped asking, what would it have
believed then, and what does it believe with every label up to the ceiling?
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from crowd.accuracy import Accuracy, accuracy_from
from crowd.aggregation import StoppingRule
from crowd.models import Origin, Project
from crowd.quality import expected_reliability
from crowd.tables import LABEL, RECORD, TASK
from crowd.tallies import Tally
from crowd.task_types import AnswerKind, Voice, task_type_of
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

# With fewer gold tasks the limits are too wide to say anything.
FEWEST_GOLD = 20
# More would narrow the limits little, and cost every look at the page.
_MOST_GOLD = 300


@dataclass(frozen=True)
class EarlyStopping:
    """How often a project is right on gold, if it stops early and if it asks to the ceiling.

    n_gold: gold tasks with at least as many labels as the ceiling; early and full: None of fewer
        than FEWEST_GOLD.
    labels_early: the mean number of labels at which the rule stops.
    lost, won: tasks that only asking on gets right, and that only stopping early gets right.
    """

    n_gold: int
    ceiling: int
    early: Accuracy | None = None
    full: Accuracy | None = None
    labels_early: float | None = None
    lost: int = 0
    won: int = 0

    @property
    def error_paid(self) -> float | None:
        """Return the share of tasks (-1 to 1) that stopping early gets wrong beyond the others."""
        return (self.lost - self.won) / self.n_gold if self.early is not None else None


@dataclass(frozen=True)
class _Replay:
    n_labels: int
    is_right_early: bool
    is_right_in_full: bool


@dataclass(frozen=True)
class _GoldTask:
    """A checked answer, and the voices in the order in which they came."""

    checked: Json
    voices: Sequence[Voice]


def early_stopping(uow: UnitOfWork, *, project: Project) -> EarlyStopping:
    """Replay the project's stopping rule over its gold."""
    kind = task_type_of(project.task_type)
    tasks = list(_gold_tasks(uow.session.connection(), project, kind))
    if len(tasks) < FEWEST_GOLD:
        return EarlyStopping(len(tasks), project.ceiling)
    rule = StoppingRule(project.floor, project.ceiling, project.confidence)
    replays = [_replayed(kind, project.answer_schema, rule, task) for task in tasks]
    return EarlyStopping(
        n_gold=len(tasks),
        ceiling=project.ceiling,
        early=accuracy_from(len(tasks), sum(each.is_right_early for each in replays)),
        full=accuracy_from(len(tasks), sum(each.is_right_in_full for each in replays)),
        labels_early=sum(each.n_labels for each in replays) / len(tasks),
        lost=sum(each.is_right_in_full > each.is_right_early for each in replays),
        won=sum(each.is_right_early > each.is_right_in_full for each in replays),
    )


def _replayed(kind: AnswerKind, schema: JsonObject, rule: StoppingRule, task: _GoldTask) -> _Replay:
    opinions = [
        kind.opinion_of(schema, task.voices[:n_labels])
        for n_labels in range(rule.floor, len(task.voices) + 1)
    ]
    stops_at = next(
        place
        for place, opinion in enumerate(opinions)
        if not rule.wants_more(rule.floor + place, opinion.confidence)
    )
    return _Replay(
        n_labels=rule.floor + stops_at,
        is_right_early=kind.agrees(schema, opinions[stops_at].answer, task.checked),
        is_right_in_full=kind.agrees(schema, opinions[-1].answer, task.checked),
    )


def _gold_tasks(connection: Connection, project: Project, kind: AnswerKind) -> Iterator[_GoldTask]:
    asked = {"of_project": project.id, "ceiling": project.ceiling, "most_gold": _MOST_GOLD}
    rows = connection.execute(_FIRST_LABELS, asked).mappings()
    for _, labels in groupby(rows, key=itemgetter("task_id")):
        of_task = list(labels)
        # A label may have been taken back since its task counted it.
        if len(of_task) == project.ceiling:
            yield _GoldTask(
                of_task[0]["gold_answer"],
                [_voice(kind, project.answer_schema, label) for label in of_task],
            )


def _voice(kind: AnswerKind, schema: JsonObject, row: RowMapping) -> Voice:
    """Return an answer as believed as it would be if its own gold had not been checked."""
    was_right = kind.agrees(schema, row["answer"], row["gold_answer"])
    tally = Tally(
        gold_seen=row["gold_seen"],
        gold_right=row["gold_right"],
        agreed=row["agreed"],
        compared=row["compared"],
    )
    others = replace(
        tally,
        gold_seen=max(tally.gold_seen - 1, 0),
        gold_right=max(tally.gold_right - was_right, 0),
    )
    return Voice(
        row["answer"], expected_reliability(others, row["run_reliability"], row["run_labels"])
    )


def _first_labels() -> sa.Select[*tuple[object, ...]]:
    """Select the first :ceiling labels of the gold of :of_project that has so many."""
    numbered = _numbered_labels(_well_labelled_gold())
    is_whose = sa.and_(
        RECORD.c.project_id == sa.bindparam("of_project"),
        RECORD.c.annotator_id == numbered.c.annotator_id,
    )
    return (
        sa.select(
            numbered.c.task_id,
            numbered.c.answer,
            numbered.c.gold_answer,
            RECORD.c.gold_seen,
            RECORD.c.gold_right,
            RECORD.c.agreed,
            RECORD.c.compared,
            RECORD.c.run_reliability,
            RECORD.c.run_labels,
        )
        .join_from(numbered, RECORD, is_whose)
        .where(numbered.c.place <= sa.bindparam("ceiling"))
        .order_by(numbered.c.task_id, numbered.c.place)
    )


def _well_labelled_gold() -> sa.Subquery:
    """Select the gold that has labels up to the ceiling."""
    return (
        sa.select(TASK.c.id, TASK.c.gold_answer)
        .where(
            TASK.c.project_id == sa.bindparam("of_project"),
            TASK.c.gold_answer.is_not(None),
            TASK.c.n_labels >= sa.bindparam("ceiling"),
        )
        .order_by(TASK.c.id)
        .limit(sa.bindparam("most_gold"))
        .subquery()
    )


def _numbered_labels(gold: sa.Subquery) -> sa.Subquery:
    """Give each label of a task its number, in the order in which they came."""
    order = (LABEL.c.created_at, LABEL.c.id)
    place = sa.func.row_number().over(partition_by=LABEL.c.task_id, order_by=order)
    return (
        sa.select(
            LABEL.c.task_id,
            LABEL.c.annotator_id,
            LABEL.c.answer,
            gold.c.gold_answer,
            place.label("place"),
        )
        .join_from(gold, LABEL, LABEL.c.task_id == gold.c.id)
        .where(LABEL.c.is_current, LABEL.c.origin == Origin.CROWD)
        .subquery()
    )


_FIRST_LABELS = _first_labels()
