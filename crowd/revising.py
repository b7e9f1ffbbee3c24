"""Revisions: a new answer in the place of one's own earlier one, which stays in the history."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.recording import record
from crowd.judging import judge_task
from crowd.models import Label, Origin, TaskType
from crowd.rules import locked_rules
from crowd.tables import LABEL, PLACE, PROJECT
from crowd.told_answers import tell_answers
from crowd.turns import check_answer
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, Gone, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork


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
    _record_revision(uow, actor, before, after, rules.task_type)
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
    first, seconds = connection.execute(
        _TIME_TO_REVISE, {"lease_id": label.lease_id, "project_id": label.project_id}
    ).one()
    if clock.now() - first > timedelta(seconds=seconds):
        raise Gone(f"An answer can be changed for {_words_for(seconds)}; it stays as it is now.")


def _words_for(seconds: int) -> str:
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"


def _record_revision(
    uow: UnitOfWork, actor: Actor, before: Label, after: Label, task_type: TaskType
) -> None:
    told = tell_answers(task_type, {"before": before.answer, "after": after.answer})
    record(
        uow,
        actor,
        Action.LABEL_REVISED,
        subject_type="label",
        subject_id=after.id,
        project_id=after.project_id,
        facts={"supersedes": str(before.id), **told.facts},
        personal=told.personal,
        personal_of=after.task_id,
    )


_TIME_TO_REVISE = sa.select(
    sa.select(sa.func.min(LABEL.c.created_at))
    .where(LABEL.c.lease_id == sa.bindparam("lease_id"))
    .scalar_subquery(),
    PROJECT.c.revision_seconds,
).where(PROJECT.c.id == sa.bindparam("project_id"))
