"""Labels: what annotators answer. None is lost, none takes a place twice, each is paid once.

Locks are taken in the order that `crowd.leasing` gives. Where both happen in one transaction,
submit first and lease the next task after it.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.recording import record
from crowd.judging import judge_task
from crowd.models import Earning, Fate, Label, LeaseReason, LeaseState, Origin, TaskState
from crowd.rules import locked_rules
from crowd.tables import EARNING, LABEL, LEASE, PLACE, RECORD
from crowd.taking import take_place
from crowd.turns import Turn, check_answer, check_seconds, turn_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import AlreadyAnswered, Conflict, Gone, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork

TIME_TO_REVISE = timedelta(minutes=15)


@dataclass(frozen=True)
class SubmittedLabel:
    """What became of an answer; `was_right` is known for gold only."""

    label: Label
    earning: Earning
    task_state: TaskState
    reason: LeaseReason
    was_right: bool | None


def submit_label(
    uow: UnitOfWork, *, annotator_id: UUID, lease_id: UUID, answer: Json, active_seconds: float
) -> SubmittedLabel:
    """Keep an answer to a leased task, pay for it, and judge the task anew.

    The same answer sent twice is one label. A late answer takes a place if one is free, else it
    is kept as surplus; both are paid. Raise NotFound for a lease that is not the annotator's,
    InvalidInput for an answer that the schema does not allow, AlreadyAnswered for another
    answer than the one given before, and Conflict for a task that was skipped.
    """
    connection = uow.session.connection()
    turn = turn_of(connection, annotator_id, lease_id)
    check_answer(turn.rules, answer)
    check_seconds(active_seconds)
    if turn.state is LeaseState.LABELLED:
        return _submitted_before(connection, turn, answer)
    _refuse_what_is_over(connection, turn)
    label = _store_label(connection, turn, answer, active_seconds)
    earning = _pay(connection, turn)
    state = judge_task(connection, turn.rules)
    _count_label(connection, turn, label)
    return SubmittedLabel(label, earning, state, turn.reason, turn.was_right(answer))


def changeable_label(uow: UnitOfWork, actor: Actor, *, label_id: UUID) -> Label:
    """Return one's own label if `revise_label` would take a new answer now, else raise."""
    connection = uow.session.connection()
    label = _own_label(connection, actor, label_id)
    _refuse_when_over(connection, label)
    return label


def revise_label(uow: UnitOfWork, actor: Actor, *, label_id: UUID, answer: Json) -> Label:
    """Put a new answer in the place of one's own earlier one, which stays in the history.

    For gold the first answer goes on counting: the annotator may know by now that it was gold.
    """
    connection = uow.session.connection()
    before = _own_label(connection, actor, label_id)
    rules = locked_rules(connection, before.task_id)
    before = _own_label(connection, actor, label_id)  # as it is, now that the task is locked
    check_answer(rules, answer)
    _refuse_when_over(connection, before)
    if before.answer == answer:
        return before
    after = _supersede(connection, before, answer=answer)
    judge_task(connection, rules)
    _record_revision(uow, actor, before, after)
    return after


def _supersede(connection: Connection, before: Label, *, answer: Json) -> Label:
    """Store a label in another one's place; the caller holds the task's lock."""
    values = before.model_dump()
    values.update(
        id=new_id(), answer=answer, supersedes_id=before.id, created_at=clock.now(), is_current=True
    )
    connection.execute(sa.update(LABEL).where(LABEL.c.id == before.id).values(is_current=False))
    connection.execute(sa.insert(LABEL).values(values))
    connection.execute(
        sa.update(PLACE).where(PLACE.c.label_id == before.id).values(label_id=values["id"])
    )
    return Label(**values)


def _submitted_before(connection: Connection, turn: Turn, answer: Json) -> SubmittedLabel:
    labels = connection.execute(
        sa.select(LABEL).where(LABEL.c.lease_id == turn.lease_id).order_by(LABEL.c.created_at)
    )
    same = [row for row in labels if row.answer == answer]
    if not same:
        raise _already_answered()
    earning = connection.execute(
        sa.select(EARNING).where(EARNING.c.lease_id == turn.lease_id)
    ).one()
    return SubmittedLabel(
        Label(**same[-1]._mapping),
        Earning(**earning._mapping),
        turn.task_state,
        turn.reason,
        turn.was_right(answer),
    )


def _refuse_what_is_over(connection: Connection, turn: Turn) -> None:
    if turn.state is LeaseState.SKIPPED:
        raise Conflict("You skipped this task, so it was given to someone else.")
    # The same task under another lease: the first one ran out and was given out once more.
    asked = {"task_id": turn.rules.task_id, "annotator_id": turn.annotator_id}
    if connection.execute(_OWN_CURRENT_LABEL, asked).first() is not None:
        raise _already_answered()


def _store_label(connection: Connection, turn: Turn, answer: Json, active_seconds: float) -> Label:
    label_id = new_id()
    place_number = take_place(connection, turn, label_id)
    label = Label(
        id=label_id,
        project_id=turn.rules.project_id,
        task_id=turn.rules.task_id,
        annotator_id=turn.annotator_id,
        lease_id=turn.lease_id,
        place_number=place_number,
        origin=Origin.CROWD,
        answer=answer,
        fate=Fate.SURPLUS if place_number is None else Fate.ACCEPTED,
        active_seconds=active_seconds,
        instructions_version=turn.instructions_version,
        created_at=clock.now(),
    )
    connection.execute(_INSERT_LABEL, label.model_dump())
    connection.execute(_UPDATE_LEASE, {"of_lease": turn.lease_id, "state": LeaseState.LABELLED})
    return label


def _pay(connection: Connection, turn: Turn) -> Earning:
    earning = Earning(
        annotator_id=turn.annotator_id,
        project_id=turn.rules.project_id,
        lease_id=turn.lease_id,
        amount_minor=turn.pay_minor,
        currency=turn.currency,
        earned_at=clock.now(),
    )
    connection.execute(_INSERT_EARNING, earning.model_dump())
    return earning


def _count_label(connection: Connection, turn: Turn, label: Label) -> None:
    was_right = turn.was_right(label.answer)
    connection.execute(
        _COUNT_LABEL,
        {
            "of_project": turn.rules.project_id,
            "of_annotator": turn.annotator_id,
            "more_gold": int(was_right is not None),
            "more_right": int(was_right is True),
            "more_seconds": label.active_seconds,
        },
    )


def _already_answered() -> AlreadyAnswered:
    return AlreadyAnswered("You have already answered this task; change that answer instead.")


def _own_label(connection: Connection, actor: Actor, label_id: UUID) -> Label:
    row = connection.execute(
        sa.select(LABEL).where(
            LABEL.c.id == label_id,
            LABEL.c.annotator_id == actor.id,
            LABEL.c.origin == Origin.CROWD,
        )
    ).first()
    if row is None:
        raise NotFound("There is no such label of yours.")
    return Label(**row._mapping)


def _refuse_when_over(connection: Connection, label: Label) -> None:
    if not label.is_current:
        raise Conflict("This answer was already changed; change the newer one.")
    # Every revision stays under the lease of the first answer, from which the time runs.
    first = connection.execute(_FIRST_MOMENT, {"lease_id": label.lease_id}).scalar_one()
    if clock.now() - first > TIME_TO_REVISE:
        minutes = int(TIME_TO_REVISE.total_seconds() // 60)
        raise Gone(f"An answer can be changed for {minutes} minutes; it stays as it is now.")


def _record_revision(uow: UnitOfWork, actor: Actor, before: Label, after: Label) -> None:
    record(
        uow,
        actor,
        Action.LABEL_REVISED,
        subject_type="label",
        subject_id=after.id,
        project_id=after.project_id,
        facts={"supersedes": str(before.id), "before": before.answer, "after": after.answer},
    )


# Built once: to build a statement takes longer than to run it.
_OWN_CURRENT_LABEL = sa.select(1).where(
    LABEL.c.task_id == sa.bindparam("task_id"),
    LABEL.c.annotator_id == sa.bindparam("annotator_id"),
    LABEL.c.is_current,
)
_FIRST_MOMENT = sa.select(sa.func.min(LABEL.c.created_at)).where(
    LABEL.c.lease_id == sa.bindparam("lease_id")
)
_INSERT_LABEL = sa.insert(LABEL)
_INSERT_EARNING = sa.insert(EARNING)
_UPDATE_LEASE = sa.update(LEASE).where(LEASE.c.id == sa.bindparam("of_lease"))
_COUNT_LABEL = (
    sa.update(RECORD)
    .where(
        RECORD.c.project_id == sa.bindparam("of_project"),
        RECORD.c.annotator_id == sa.bindparam("of_annotator"),
    )
    .values(
        n_labels=RECORD.c.n_labels + 1,
        gold_seen=RECORD.c.gold_seen + sa.bindparam("more_gold"),
        gold_right=RECORD.c.gold_right + sa.bindparam("more_right"),
        active_seconds=RECORD.c.active_seconds + sa.bindparam("more_seconds"),
    )
)
