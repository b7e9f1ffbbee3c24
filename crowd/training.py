"""Training: tasks whose answer is known, with feedback after each, before the first real one.

A round has as many tasks as the project asks for. Whoever reaches the pass mark is qualified, for
as long as the project says; whoever does not may begin a new round at once. A training task takes
no place, its label never enters consensus, and it is paid like any other, but only once to each.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from audit.actions import Action
from audit.recording import record
from crowd.desk import Desk
from crowd.models import LeaseState, Project, Qualification
from crowd.places import lock_queue
from crowd.settling import end_retraining
from crowd.tables import LEASE, PROJECT, RECORD, TASK
from crowd.turns import Turn
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

# Written out, so that both databases see that the index of training tasks serves it.
_IS_TRAINING = TASK.c.use == sa.literal_column("'training'")

# A share of right answers is a quotient: equal shares may differ in the last digit.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class TrainingTask:
    """A task with a known answer that an annotator is to learn from."""

    task_id: UUID
    external_id: str
    payload: JsonObject
    was_answered: bool


@dataclass(frozen=True)
class TrainingHistory:
    """One training task and one annotator: under which leases they answered it, in their order."""

    task_id: UUID
    answered: tuple[UUID, ...] = ()
    is_held: bool = False
    is_skipped: bool = False


@dataclass(frozen=True)
class Feedback:
    """What an annotator is told after a training task.

    needed: how many tasks a round has. has_passed: None while the round goes on.
    """

    checked_answer: Json
    explanation: str
    was_right: bool
    seen: int
    right: int
    needed: int
    has_passed: bool | None


def asks_training(desk: Desk, now: datetime) -> bool:
    """Say whether the annotator has to train before they are given real tasks."""
    if desk.training_questions == 0:
        return False
    return not is_qualified(desk.qualification, desk.qualified_until, now)


def is_qualified(qualification: Qualification, until: datetime | None, now: datetime) -> bool:
    """Say whether training that was passed still counts."""
    return qualification is Qualification.PASSED and (until is None or now < until)


def find_training(connection: Connection, desk: Desk) -> TrainingTask | None:
    """Return a training task for this round, or None where all of them are in hand or skipped."""
    histories = _histories(connection, desk.project_id, desk.annotator_id)
    held = sum(history.is_held for history in histories)
    # What is in hand may end the round: nothing beyond it is given.
    if held and desk.training_seen + held >= desk.training_questions:
        return None
    equal = next_in_training(histories, n_in_round=desk.training_seen)
    return _task(connection, secrets.choice(equal), histories) if equal else None


def record_training(uow: UnitOfWork, turn: Turn, *, was_right: bool) -> Feedback:
    """Count an answer to a training task, end the round if it was the last, and say what is right.

    The caller holds the annotator's record and stores the label. An answer that comes after the
    training was passed changes nothing.
    """
    row = uow.session.connection().execute(_ROUND, _asked(turn)).mappings().one()
    if is_qualified(row["qualification"], row["qualified_until"], clock.now()):
        return _feedback(turn, row, was_right=was_right, has_passed=True)
    seen, right = row["training_seen"] + 1, row["training_right"] + int(was_right)
    feedback = _feedback(
        turn,
        row,
        was_right=was_right,
        has_passed=_has_passed(row, seen, right),
        seen=seen,
        right=right,
    )
    _keep(uow, turn, feedback, days=row["qualification_days"])
    return feedback


def check_ready(uow: UnitOfWork, project: Project) -> None:
    """Refuse to open a project that asks for more training tasks than it has."""
    statement = sa.select(sa.func.count()).where(TASK.c.project_id == project.id, _IS_TRAINING)
    there = int(uow.session.connection().execute(statement).scalar_one())
    if there < project.training_questions:
        raise Conflict(
            f"This project asks for {project.training_questions} training tasks and has {there}: "
            "import more of them, or ask for fewer."
        )


def next_in_training(histories: Sequence[TrainingHistory], *, n_in_round: int) -> Sequence[UUID]:
    """Return the tasks of which one, by lot, comes next: those that were answered least often.

    So a task comes again only when all were seen, and not in the same round while there is another.
    What was skipped is never given again.
    """
    latest = sorted(lease for history in histories for lease in history.answered)
    in_round = set(latest[len(latest) - n_in_round :])
    free = [history for history in histories if not (history.is_held or history.is_skipped)]
    fresh = [history for history in free if in_round.isdisjoint(history.answered)] or free
    least = min((len(history.answered) for history in fresh), default=0)
    return [history.task_id for history in fresh if len(history.answered) == least]


def _histories(
    connection: Connection, project_id: UUID, annotator_id: UUID
) -> Sequence[TrainingHistory]:
    asked = {"project_id": project_id, "annotator_id": annotator_id}
    leases: dict[UUID, list[RowMapping]] = {}
    for row in connection.execute(_TRAINING_LEASES, asked).mappings():
        leases.setdefault(row["task_id"], []).append(row)
    now = clock.now()
    return [_history(task_id, rows, now) for task_id, rows in leases.items()]


def _history(task_id: UUID, rows: Sequence[RowMapping], now: datetime) -> TrainingHistory:
    return TrainingHistory(
        task_id,
        answered=tuple(row["lease_id"] for row in rows if row["state"] is LeaseState.LABELLED),
        is_held=any(row["state"] is LeaseState.HELD and row["expires_at"] > now for row in rows),
        is_skipped=any(row["state"] is LeaseState.SKIPPED for row in rows),
    )


def _task(
    connection: Connection, task_id: UUID, histories: Sequence[TrainingHistory]
) -> TrainingTask:
    statement = sa.select(TASK.c.id, TASK.c.external_id, TASK.c.payload).where(TASK.c.id == task_id)
    answered = {history.task_id for history in histories if history.answered}
    return TrainingTask(*connection.execute(statement).one(), was_answered=task_id in answered)


def _has_passed(row: RowMapping, seen: int, right: int) -> bool | None:
    if seen < row["training_questions"]:
        return None
    return bool(right / seen >= row["training_pass_share"] - _TOLERANCE)


def _feedback(
    turn: Turn,
    row: RowMapping,
    *,
    was_right: bool,
    has_passed: bool | None,
    seen: int = 0,
    right: int = 0,
) -> Feedback:
    return Feedback(
        checked_answer=turn.rules.gold_answer,
        explanation=row["explanation"],
        was_right=was_right,
        seen=seen,
        right=right,
        needed=row["training_questions"],
        has_passed=has_passed,
    )


def _keep(uow: UnitOfWork, turn: Turn, feedback: Feedback, *, days: int | None) -> None:
    if feedback.has_passed is None:
        _update(uow, turn, training_seen=feedback.seen, training_right=feedback.right)
        return
    until = clock.now() + timedelta(days=days) if feedback.has_passed and days else None
    _update(
        uow,
        turn,
        training_seen=0,
        training_right=0,
        qualification=Qualification.PASSED if feedback.has_passed else Qualification.FAILED,
        qualified_until=until,
    )
    # The log's counter comes after the queue's row, which the next lease may ask for.
    lock_queue(uow.session.connection(), turn.rules.project_id)
    _record_end(uow, turn, feedback, until)
    if feedback.has_passed:
        end_retraining(uow, project_id=turn.rules.project_id, annotator_id=turn.annotator_id)


def _record_end(uow: UnitOfWork, turn: Turn, feedback: Feedback, until: datetime | None) -> None:
    passed = feedback.has_passed
    record(
        uow,
        PLATFORM,
        Action.ANNOTATOR_QUALIFIED if passed else Action.ANNOTATOR_NOT_QUALIFIED,
        subject_type="annotator",
        subject_id=turn.annotator_id,
        project_id=turn.rules.project_id,
        facts={
            "seen": feedback.seen,
            "right": feedback.right,
            "until": None if until is None else until.isoformat(),
        },
    )


def _asked(turn: Turn) -> dict[str, object]:
    return {
        "of_project": turn.rules.project_id,
        "of_annotator": turn.annotator_id,
        "of_task": turn.rules.task_id,
    }


def _update(uow: UnitOfWork, turn: Turn, **values: object) -> None:
    uow.session.connection().execute(
        sa.update(RECORD)
        .where(
            RECORD.c.project_id == turn.rules.project_id,
            RECORD.c.annotator_id == turn.annotator_id,
        )
        .values(**values)
    )


_ROUND = (
    sa.select(
        RECORD.c.training_seen,
        RECORD.c.training_right,
        RECORD.c.qualification,
        RECORD.c.qualified_until,
        PROJECT.c.training_questions,
        PROJECT.c.training_pass_share,
        PROJECT.c.qualification_days,
        TASK.c.explanation,
    )
    .join_from(RECORD, PROJECT, PROJECT.c.id == RECORD.c.project_id)
    .join(TASK, TASK.c.id == sa.bindparam("of_task"))
    .where(
        RECORD.c.project_id == sa.bindparam("of_project"),
        RECORD.c.annotator_id == sa.bindparam("of_annotator"),
    )
)
_TRAINING_LEASES = (
    sa.select(
        TASK.c.id.label("task_id"),
        LEASE.c.id.label("lease_id"),
        LEASE.c.state,
        LEASE.c.expires_at,
    )
    .join_from(
        TASK,
        LEASE,
        sa.and_(
            LEASE.c.task_id == TASK.c.id,
            LEASE.c.annotator_id == sa.bindparam("annotator_id"),
        ),
        isouter=True,
    )
    .where(TASK.c.project_id == sa.bindparam("project_id"), _IS_TRAINING)
    .order_by(LEASE.c.id)
)
