"""What changed from one consensus run to another: answers, confidence, reliability."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import col, select

from crowd.consensus_runs import reliabilities_of, run_by_id
from crowd.models import ConsensusRun
from crowd.spreadsheets import safe_cell
from crowd.tables import CONSENSUS, TASK
from folkmoot.kernel.errors import Conflict, InvalidInput
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork

CSV_COLUMNS = (
    "external_id",
    "change",
    "answer_before",
    "confidence_before",
    "answer_after",
    "confidence_after",
)


@dataclass(frozen=True)
class TaskChange:
    """One task in two runs; no answer where a run did not have the task."""

    task_id: UUID
    external_id: str
    answer_before: Json
    confidence_before: float | None
    answer_after: Json
    confidence_after: float | None

    @property
    def kind(self) -> str:
        """Return added, gone, changed or same."""
        if self.confidence_before is None:
            return "added"
        if self.confidence_after is None:
            return "gone"
        return "same" if self.answer_before == self.answer_after else "changed"


@dataclass(frozen=True)
class ReliabilityChange:
    """One annotator in two runs; None where a run did not have them."""

    annotator_id: UUID
    before: float | None
    after: float | None

    @property
    def size(self) -> float:
        """Return by how much the estimate moved; 0 where there is only one."""
        if self.before is None or self.after is None:
            return 0.0
        return abs(self.after - self.before)


@dataclass(frozen=True)
class RunPair:
    """Two finished runs of one project; see `pair_of_runs`."""

    before: ConsensusRun
    after: ConsensusRun


@dataclass(frozen=True)
class RunChanges:
    """How many tasks have the same answer in two runs, another, or are in one of them only."""

    same: int
    changed: int
    added: int
    gone: int


def pair_of_runs(uow: UnitOfWork, *, before_id: UUID, after_id: UUID) -> RunPair:
    """Return two runs to compare.

    Raise NotFound for an unknown run, InvalidInput for runs of two projects, and Conflict for a
    run that has not finished.
    """
    before, after = run_by_id(uow, run_id=before_id), run_by_id(uow, run_id=after_id)
    if before.project_id != after.project_id:
        raise InvalidInput("These two runs are of different projects.")
    for run in (before, after):
        if run.state is not WorkState.FINISHED:
            raise Conflict(f"Run {run.number} has not finished, so there is nothing to compare.")
    return RunPair(before, after)


def pair_since(uow: UnitOfWork, *, run_id: UUID, since: UUID | None) -> RunPair:
    """Return a run and the one to compare it with: the finished one before it, if none is named."""
    if since is None:
        before = run_before(uow, run_by_id(uow, run_id=run_id))
        if before is None:
            raise Conflict("No run of this project had finished before, so nothing can differ.")
        since = before.id
    return pair_of_runs(uow, before_id=since, after_id=run_id)


def run_before(uow: UnitOfWork, run: ConsensusRun) -> ConsensusRun | None:
    """Return the finished run of the same project that came before, if there is one."""
    statement = (
        select(ConsensusRun)
        .where(
            ConsensusRun.project_id == run.project_id,
            ConsensusRun.number < run.number,
            ConsensusRun.state == WorkState.FINISHED,
        )
        .order_by(col(ConsensusRun.number).desc())
    )
    return uow.session.exec(statement).first()


def count_changes(uow: UnitOfWork, pair: RunPair) -> RunChanges:
    """Count what changed from one run to the other."""
    connection = uow.session.connection()
    both = _count(connection, _in_both(pair))
    same = _count(connection, _in_both(pair).where(_is_same()))
    return RunChanges(same, both - same, pair.after.n_tasks - both, pair.before.n_tasks - both)


def changed_tasks(uow: UnitOfWork, pair: RunPair, *, at_most: int) -> Sequence[TaskChange]:
    """Return tasks whose answer changed, those that the later run is surest of first."""
    statement = (
        _in_both(pair)
        .where(~_is_same())
        .order_by(_AFTER.c.confidence.desc(), TASK.c.id)
        .limit(at_most)
    )
    return [_task_change(row) for row in uow.session.connection().execute(statement)]


def every_task(uow: UnitOfWork, pair: RunPair) -> Iterator[TaskChange]:
    """Yield every task of either run, by external id."""
    statement = _in_either(pair).order_by(TASK.c.external_id)
    rows = uow.session.connection().execute(statement.execution_options(yield_per=1000))
    return (_task_change(row) for row in rows)


def reliability_changes(uow: UnitOfWork, pair: RunPair) -> Sequence[ReliabilityChange]:
    """Return the annotators of either run, the largest change first."""
    before, after = (
        {one.annotator_id: one.reliability for one in reliabilities_of(uow, run_id=run.id)}
        for run in (pair.before, pair.after)
    )
    changes = [
        ReliabilityChange(one, before.get(one), after.get(one)) for one in {**before, **after}
    ]
    return sorted(changes, key=lambda change: (-change.size, change.annotator_id))


def as_csv(changes: Iterable[TaskChange]) -> bytes:
    """Write changes as CSV: a row for each task, answers as JSON."""
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow(CSV_COLUMNS)
    lines.writerows(
        (
            safe_cell(change.external_id),
            change.kind,
            _json(change.answer_before),
            change.confidence_before,
            _json(change.answer_after),
            change.confidence_after,
        )
        for change in changes
    )
    return written.getvalue().encode()


def _json(answer: Json) -> str:
    return "" if answer is None else json.dumps(answer, ensure_ascii=False, sort_keys=True)


_BEFORE, _AFTER = CONSENSUS.alias("before"), CONSENSUS.alias("after")


def _in_either(pair: RunPair) -> sa.Select[*tuple[object, ...]]:
    is_before = sa.and_(_BEFORE.c.task_id == TASK.c.id, _BEFORE.c.run_id == pair.before.id)
    is_after = sa.and_(_AFTER.c.task_id == TASK.c.id, _AFTER.c.run_id == pair.after.id)
    return (
        sa.select(
            TASK.c.id,
            TASK.c.external_id,
            _BEFORE.c.answer.label("answer_before"),
            _BEFORE.c.confidence.label("confidence_before"),
            _AFTER.c.answer.label("answer_after"),
            _AFTER.c.confidence.label("confidence_after"),
        )
        .select_from(TASK)
        .outerjoin(_BEFORE, is_before)
        .outerjoin(_AFTER, is_after)
        .where(
            TASK.c.project_id == pair.after.project_id,
            sa.or_(_BEFORE.c.task_id.is_not(None), _AFTER.c.task_id.is_not(None)),
        )
    )


def _in_both(pair: RunPair) -> sa.Select[*tuple[object, ...]]:
    return _in_either(pair).where(_BEFORE.c.task_id.is_not(None), _AFTER.c.task_id.is_not(None))


def _is_same() -> sa.ColumnElement[bool]:
    # As it was written: PostgreSQL's json has no equality, and both were written alike.
    return sa.cast(_BEFORE.c.answer, sa.Text) == sa.cast(_AFTER.c.answer, sa.Text)


def _count(connection: Connection, statement: sa.Select[*tuple[object, ...]]) -> int:
    counted = sa.select(sa.func.count()).select_from(statement.subquery())
    return int(connection.execute(counted).scalar_one())


def _task_change(row: sa.Row[*tuple[object, ...]]) -> TaskChange:
    return TaskChange(
        task_id=row.id,
        external_id=row.external_id,
        answer_before=row.answer_before,
        confidence_before=row.confidence_before,
        answer_after=row.answer_after,
        confidence_after=row.confidence_after,
    )
