"""Deciding appeals: a second person rejects one, or corrects the known answer for everyone.

Locks are taken in the order that `crowd.leasing` gives: first the record of everyone who answered
the task, in the order of their ids, then the task.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.models import Entry
from audit.recording import record
from crowd.appeals import appeal_by_id, check_reason
from crowd.gold_recount import GoldChange, judged_answers, recount_gold
from crowd.judging import judge_task
from crowd.models import (
    AnnotatorRecord,
    Appeal,
    AppealState,
    Earning,
    EarningKind,
    Label,
    Task,
    TaskUse,
)
from crowd.projects import project_by_id
from crowd.rules import locked_rules
from crowd.task_types import task_type_of
from crowd.told_answers import NOTHING_TOLD, ToldAnswers, tell_answers
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotAllowed
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

AppealOutcome = Literal[AppealState.UPHELD, AppealState.REJECTED]


def decide_appeal(
    uow: UnitOfWork,
    actor: Actor,
    *,
    appeal_id: UUID,
    outcome: AppealOutcome,
    reason: str,
    gold_after: Json | None = None,
) -> Appeal:
    """Reject an appeal, or uphold it and correct the known answer; None makes the task ordinary.

    Upheld, every answer to the task is judged anew, for everyone who gave one. Raise NotAllowed
    for whoever answered the task or was the last to correct its known answer, and Conflict where
    it was decided already.
    """
    check_reason(reason)
    appeal = appeal_by_id(uow, appeal_id=appeal_id)
    if appeal.annotator_id == actor.id:
        raise NotAllowed("Somebody else has to decide what you contest.")
    records = _locked_records(uow, appeal)
    task = _locked_task(uow, appeal.task_id)
    uow.session.refresh(appeal)
    _refuse_decided(appeal)
    _refuse_concerned(uow, actor, task)
    _refuse_author(uow, actor, task)
    if outcome is AppealState.REJECTED:
        _close(uow, actor, appeal, outcome=outcome, reason=reason, facts={})
        return appeal
    change = _change(uow, task, gold_after)
    n_changed = _correct(uow, actor, change, records)
    for upheld in [appeal, *_also_right(uow, actor, appeal, change)]:
        upheld.gold_after = gold_after
        paid = _restore_pay(uow, upheld, change)
        _close(
            uow,
            actor,
            upheld,
            outcome=outcome,
            reason=reason,
            facts={"recounted": n_changed, "paid_minor": paid},
            gold=_told_gold(change, "gold_before", "gold_after"),
        )
    return appeal


def _locked_records(uow: UnitOfWork, appeal: Appeal) -> dict[UUID, AnnotatorRecord]:
    people = {appeal.annotator_id, *judged_answers(uow, task_id=appeal.task_id)}
    statement = (
        select(AnnotatorRecord)
        .where(
            AnnotatorRecord.project_id == appeal.project_id,
            col(AnnotatorRecord.annotator_id).in_(people),
        )
        .order_by(col(AnnotatorRecord.annotator_id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {found.annotator_id: found for found in uow.session.exec(statement)}


def _locked_task(uow: UnitOfWork, task_id: UUID) -> Task:
    statement = (
        select(Task)
        .where(Task.id == task_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return uow.session.exec(statement).one()


def _refuse_decided(appeal: Appeal) -> None:
    if appeal.state is not AppealState.OPEN:
        raise Conflict(f"This appeal was {appeal.state.value} already.")


def _refuse_concerned(uow: UnitOfWork, actor: Actor, task: Task) -> None:
    """Refuse whoever answered the task: what is decided about its answer counts for them too."""
    if actor.id in judged_answers(uow, task_id=task.id):
        raise NotAllowed("You answered this task yourself; somebody else has to decide about it.")


def _refuse_author(uow: UnitOfWork, actor: Actor, task: Task) -> None:
    """Refuse whoever was the last to correct the known answer, by an appeal before this one."""
    latest = (
        select(Entry.actor_id)
        .where(Entry.subject_type == "task", Entry.subject_id == task.id)
        .where(Entry.action == Action.GOLD_CHANGED)
        .order_by(col(Entry.recorded_at).desc(), col(Entry.id).desc())
    )
    if uow.session.exec(latest).first() == actor.id:
        raise NotAllowed("You set this known answer; somebody else has to decide about it.")


def _change(uow: UnitOfWork, task: Task, after: Json | None) -> GoldChange:
    """Return the correction, or refuse one that the project's schema does not allow."""
    project = project_by_id(uow, project_id=task.project_id)
    if task.gold_answer is None:
        raise Conflict("This task is no longer gold; there is nothing left to correct.")
    if after is None and task.use is TaskUse.TRAINING:
        raise _bad_gold("A training task needs a known answer: give the right one.")
    if after is not None:
        kind = task_type_of(project.task_type)
        kind.check_answer(project.answer_schema, after, task.payload)
        if after == task.gold_answer:
            raise _bad_gold("This is the known answer already: give the right one, or reject.")
    return GoldChange(project, task, before=task.gold_answer, after=after)


def _bad_gold(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields=[FieldProblem("/gold_after", sentence)])


def _correct(
    uow: UnitOfWork, actor: Actor, change: GoldChange, records: dict[UUID, AnnotatorRecord]
) -> int:
    """Correct the known answer and count everyone's answers to it anew; return how many changed."""
    answers = judged_answers(uow, task_id=change.task.id)
    if not set(answers) <= set(records):
        # Their records cannot be taken now, after the task's: that might wait in a circle.
        raise Conflict("Somebody has just answered this task. Please decide once more.")
    change.task.gold_answer = change.after
    if change.after is None:
        change.task.use = TaskUse.ORDINARY
    uow.session.add(change.task)
    uow.session.flush()
    if change.after is None:
        # Its places may need the queue, which comes before what the recount writes to the log.
        connection = uow.session.connection()
        judge_task(connection, locked_rules(connection, change.task.id))
    n_changed = recount_gold(uow, actor, change, records=records, answers=answers)
    told = _told_gold(change, "before", "after")
    record(
        uow,
        actor,
        Action.GOLD_CHANGED,
        subject_type="task",
        subject_id=change.task.id,
        project_id=change.project.id,
        facts={"recounted": n_changed, **told.facts},
        personal=told.personal,
    )
    return n_changed


def _told_gold(change: GoldChange, before: str, after: str) -> ToldAnswers:
    return tell_answers(change.project.task_type, {before: change.before, after: change.after})


def _also_right(
    uow: UnitOfWork, actor: Actor, appeal: Appeal, change: GoldChange
) -> Sequence[Appeal]:
    """Return the open appeals of others that the correction decides too."""
    statement = (
        select(Appeal, Label)
        .join(Label, col(Label.id) == col(Appeal.label_id))
        .where(
            Appeal.task_id == appeal.task_id,
            Appeal.state == AppealState.OPEN,
            Appeal.id != appeal.id,
            Appeal.annotator_id != actor.id,
        )
    )
    return [
        other
        for other, label in uow.session.exec(statement)
        if change.after is None or change.is_right(label.answer)
    ]


def _restore_pay(uow: UnitOfWork, appeal: Appeal, change: GoldChange) -> int:
    """Pay what was withheld for the answer, and return how much; answers are paid as they arrive.

    So there is something to restore only where no line of the ledger was ever made for it.
    """
    label = uow.session.get_one(Label, appeal.label_id)
    lines = select(Earning.id).where(Earning.lease_id == label.lease_id)
    if label.lease_id is None or uow.session.exec(lines).first() is not None:
        return 0
    uow.session.add(
        Earning(
            annotator_id=label.annotator_id,
            project_id=label.project_id,
            lease_id=label.lease_id,
            kind=EarningKind.APPEAL,
            amount_minor=change.project.pay_minor,
            currency=change.project.currency,
            earned_at=clock.now(),
        )
    )
    return change.project.pay_minor


def _close(
    uow: UnitOfWork,
    actor: Actor,
    appeal: Appeal,
    *,
    outcome: AppealOutcome,
    reason: str,
    facts: JsonObject,
    gold: ToldAnswers = NOTHING_TOLD,
) -> None:
    appeal.state = outcome
    appeal.decided_by = actor.id
    appeal.decided_at = clock.now()
    appeal.decision_reason = reason.strip()
    uow.session.add(appeal)
    record(
        uow,
        actor,
        Action.APPEAL_DECIDED,
        subject_type="appeal",
        subject_id=appeal.id,
        project_id=appeal.project_id,
        facts={"outcome": outcome.value, "label": str(appeal.label_id), **facts, **gold.facts},
        personal={"reason": appeal.decision_reason, **gold.personal},
        # What was decided speaks to the annotator; the known answer, of whom the task is about.
        personal_of={"reason": appeal.annotator_id, **dict.fromkeys(gold.personal, appeal.task_id)},
    )
