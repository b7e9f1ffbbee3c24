"""Labels: what annotators answer. None is lost, none takes a place twice, each is paid once.

Locks are taken in the order that `crowd.leasing` gives. Where both happen in one transaction,
submit first and lease the next task after it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.annotator_records import write_record
from crowd.judging import judge_task, vote_of
from crowd.kept_labels import KeptEarning, KeptLabel
from crowd.models import (
    EarningKind,
    Fate,
    LeaseReason,
    LeaseState,
    Origin,
    TaskState,
)
from crowd.revising import changeable_label, revise_label
from crowd.sitting_times import credited_seconds
from crowd.tables import EARNING, LABEL, LEASE
from crowd.taking import take_other_place, take_own_place
from crowd.tallies import Tally
from crowd.training import Feedback, record_training
from crowd.turns import Turn, check_answer, check_seconds, turn_of
from crowd.watching_answers import watch_answer
from crowd.work_days import add_to_day
from folkmoot.kernel import clock
from folkmoot.kernel.errors import AlreadyAnswered, Conflict
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.statements import Statement, send_waiting
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "SubmittedLabel",
    "Taken",
    "changeable_label",
    "revise_label",
    "submit_label",
    "take_label",
]


@dataclass(frozen=True)
class SubmittedLabel:
    """What became of an answer.

    was_right: known for gold and training only. feedback: after training only.
    notice: the sentence for the annotator where their standing has changed, or "".
    """

    label: KeptLabel
    earning: KeptEarning
    task_state: TaskState
    reason: LeaseReason
    was_right: bool | None
    feedback: Feedback | None = None
    notice: str = ""


@dataclass(frozen=True)
class Taken:
    """A label that was kept, and the tally of its annotator where that is still to be written."""

    submitted: SubmittedLabel
    tally: Tally | None = None


def submit_label(
    uow: UnitOfWork,
    *,
    annotator_id: UUID,
    lease_id: UUID,
    answer: Json,
    active_seconds: float,
    note: str = "",
) -> SubmittedLabel:
    """Keep an answer to a leased task, pay for it, and judge the task anew.

    The same answer sent twice is one label. A late answer takes a place if one is free, else it
    is kept as surplus; both are paid. Raise NotFound for a lease that is not the annotator's,
    InvalidInput for an answer that the schema does not allow, AlreadyAnswered for another
    answer than the one given before, and Conflict for a task that was skipped.
    """
    taken = take_label(
        uow,
        annotator_id=annotator_id,
        lease_id=lease_id,
        answer=answer,
        active_seconds=active_seconds,
        note=note,
    )
    write_record(
        uow.connection,
        project_id=taken.submitted.label.project_id,
        annotator_id=annotator_id,
        tally=taken.tally,
    )
    return taken.submitted


def take_label(
    uow: UnitOfWork,
    *,
    annotator_id: UUID,
    lease_id: UUID,
    answer: Json,
    active_seconds: float,
    note: str,
) -> Taken:
    """Do what `submit_label` does, but for the tally, which the caller is to write."""
    connection = uow.connection
    turn = turn_of(connection, annotator_id, lease_id)
    check_answer(turn.rules, answer)
    check_seconds(active_seconds)
    if turn.state is LeaseState.LABELLED:
        return Taken(_submitted_before(connection, turn, answer))
    if turn.state is LeaseState.SKIPPED:
        raise Conflict("You skipped this task, so it was given to someone else.")
    now = clock.now()
    given = _given(turn, answer, active_seconds, note, now)
    if turn.is_training:
        return Taken(_keep_training(uow, turn, given))
    return _keep_label(uow, turn, given)


@dataclass(frozen=True)
class _Given:
    """What an annotator sends, with the time that counts as work beside what they claim."""

    answer: Json
    active_seconds: float
    claimed_seconds: float
    note: str
    at: datetime


def _given(turn: Turn, answer: Json, claimed: float, note: str, now: datetime) -> _Given:
    credited = credited_seconds(
        claimed,
        given_at=turn.given_at,
        beat_seconds=turn.beat_seconds,
        last_beat_at=turn.last_beat_at,
        now=now,
    )
    # Nobody worked longer on a task than they had it.
    held = max((now - turn.given_at).total_seconds(), 0.0)
    return _Given(answer, credited, min(claimed, held), note, now)


def _submitted_before(connection: Connection, turn: Turn, answer: Json) -> SubmittedLabel:
    labels = connection.execute(
        sa.select(LABEL).where(LABEL.c.lease_id == turn.lease_id).order_by(LABEL.c.created_at)
    )
    same = [row for row in labels if row.answer == answer]
    if not same:
        raise _already_answered()
    earning = connection.execute(
        sa.select(EARNING).where(
            EARNING.c.lease_id == turn.lease_id, EARNING.c.kind == EarningKind.LABEL
        )
    ).one()
    return SubmittedLabel(
        KeptLabel(**same[-1]._mapping),
        KeptEarning(**earning._mapping),
        turn.task_state,
        turn.reason,
        turn.was_right(answer),
    )


def _keep_label(uow: UnitOfWork, turn: Turn, given: _Given) -> Taken:
    connection = uow.connection
    label = _store_label(connection, turn, given)
    earning = _pay(connection, turn, given, amount_minor=turn.pay_minor)
    judgement = judge_task(connection, turn.rules, newest=vote_of(turn, label))
    was_right = turn.was_right(given.answer)
    watched = watch_answer(
        uow,
        turn,
        given.answer,
        active_seconds=given.active_seconds,
        claimed_seconds=given.claimed_seconds,
        was_right=was_right,
        support=judgement.support,
    )
    submitted = SubmittedLabel(
        label, earning, judgement.state, turn.reason, was_right, notice=watched.notice
    )
    return Taken(submitted, watched.tally)


def _keep_training(uow: UnitOfWork, turn: Turn, given: _Given) -> SubmittedLabel:
    connection = uow.connection
    asked = {"task_id": turn.rules.task_id, "annotator_id": turn.annotator_id}
    # A training task teaches again and again, but is paid once: it must not be a wage by itself.
    is_repeated = _LEARNED_BEFORE.first(connection, asked) is not None
    label = _label_of(turn, given, new_id(), None)
    _insert_label(connection, label)
    # A line of nothing says that pay was decided on, so that no appeal restores it.
    earning = _pay(connection, turn, given, amount_minor=0 if is_repeated else turn.pay_minor)
    was_right = turn.was_right(given.answer)
    feedback = record_training(uow, turn, was_right=was_right is True)
    return SubmittedLabel(label, earning, turn.task_state, turn.reason, was_right, feedback)


def _store_label(connection: Connection, turn: Turn, given: _Given) -> KeptLabel:
    label_id = new_id()
    place_number = turn.place_number
    if not take_own_place(connection, turn, label_id):
        _refuse_second_answer(connection, turn)
        place_number = take_other_place(connection, turn, label_id)
    label = _label_of(turn, given, label_id, place_number)
    _insert_label(connection, label)
    return label


def _refuse_second_answer(connection: Connection, turn: Turn) -> None:
    # The same task under another lease: the first one ran out and was given out once more. While
    # a lease has its own place, no other label of the annotator can be there.
    asked = {"task_id": turn.rules.task_id, "annotator_id": turn.annotator_id}
    if connection.execute(_OWN_CURRENT_LABEL, asked).first() is not None:
        raise _already_answered()


def _label_of(turn: Turn, given: _Given, label_id: UUID, place_number: int | None) -> KeptLabel:
    is_surplus = place_number is None and not turn.is_training
    return KeptLabel(
        id=label_id,
        project_id=turn.rules.project_id,
        task_id=turn.rules.task_id,
        annotator_id=turn.annotator_id,
        lease_id=turn.lease_id,
        place_number=place_number,
        origin=Origin.TRAINING if turn.is_training else Origin.CROWD,
        answer=given.answer,
        fate=Fate.SURPLUS if is_surplus else Fate.ACCEPTED,
        # Whoever learns may answer the same task again; none of those answers is a voice.
        is_current=not turn.is_training,
        active_seconds=given.active_seconds,
        note=given.note,
        instructions_version=turn.instructions_version,
        created_at=given.at,
    )


def _insert_label(connection: Connection, label: KeptLabel) -> None:
    _INSERT_LABEL.later(connection, label._asdict())
    _UPDATE_LEASE.later(connection, {"of_lease": label.lease_id, "state": LeaseState.LABELLED})
    if label.place_number is None:
        # No place says that the annotator is done with the task: the search has to see the lease.
        send_waiting(connection)


def _pay(connection: Connection, turn: Turn, given: _Given, *, amount_minor: int) -> KeptEarning:
    earning = KeptEarning(
        id=new_id(),
        annotator_id=turn.annotator_id,
        project_id=turn.rules.project_id,
        lease_id=turn.lease_id,
        amount_minor=amount_minor,
        currency=turn.currency,
        earned_at=given.at,
    )
    _INSERT_EARNING.later(connection, earning._asdict())
    add_to_day(connection, turn, earning, active_seconds=given.active_seconds)
    return earning


def _already_answered() -> AlreadyAnswered:
    return AlreadyAnswered("You have already answered this task; change that answer instead.")


# Built once: to build a statement takes longer than to run it.
_OWN_CURRENT_LABEL = sa.select(1).where(
    LABEL.c.task_id == sa.bindparam("task_id"),
    LABEL.c.annotator_id == sa.bindparam("annotator_id"),
    LABEL.c.is_current,
)
_LEARNED_BEFORE = Statement(
    sa.select(LABEL.c.id)
    .where(
        LABEL.c.task_id == sa.bindparam("task_id"),
        LABEL.c.annotator_id == sa.bindparam("annotator_id"),
    )
    .limit(1)
)
_INSERT_LABEL = Statement(sa.insert(LABEL))
_INSERT_EARNING = Statement(sa.insert(EARNING))
_UPDATE_LEASE = Statement(
    sa.update(LEASE).where(LEASE.c.id == sa.bindparam("of_lease")), sets=("state",)
)
