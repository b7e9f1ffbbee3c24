"""Appeals: an annotator's word against how an answer was judged, kept until a person has decided.

`crowd.appeal_decisions` says what follows when one is upheld.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.models import (
    Appeal,
    AppealState,
    Label,
    Origin,
    Project,
    Task,
    TaskType,
)
from crowd.standing import locked_record
from crowd.task_types import task_type_of
from crowd.text import refuse_null
from crowd.told_answers import tell_answers
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

LONGEST_REASON = 2000
# Only the latest checks are looked through: beyond them nobody remembers the task.
_MOST_CHECKED = 1000


@dataclass(frozen=True)
class JudgedLabel:
    """An answer that differs from the checked one, why, and what became of an appeal against it.

    answer_text, checked_text: both answers in words. explanation: why the checked one is right.
    appeal: None before any. decision_reason: what the second person said.
    """

    label_id: UUID
    project_id: UUID
    project_title: str
    external_id: str
    payload: JsonObject
    answer_schema: JsonObject
    answer: Json
    checked_answer: Json
    answer_text: str
    checked_text: str
    explanation: str
    answered_at: datetime
    was_training: bool
    appeal: AppealState | None
    decision_reason: str

    @property
    def is_contested(self) -> bool:
        """Say whether the annotator has contested the judgement."""
        return self.appeal is not None


def judged_labels(uow: UnitOfWork, *, annotator_id: UUID, at_most: int) -> Sequence[JudgedLabel]:
    """Return an annotator's latest answers that differ from the checked ones, newest first."""
    statement = (
        select(Label, Project, Task)
        .join(Task, col(Task.id) == col(Label.task_id))
        .join(Project, col(Project.id) == col(Label.project_id))
        .where(col(Label.annotator_id) == annotator_id, *_was_judged())
        .order_by(col(Label.id).desc())
        .limit(_MOST_CHECKED)
    )
    rows = uow.session.exec(statement)
    differing = [row for row in rows if not _agrees(*row)][:at_most]
    appeals = _appeals_by_label(uow, [label.id for label, _, _ in differing])
    return [_judged(*row, appeals.get(row[0].id)) for row in differing]


def open_appeal(uow: UnitOfWork, actor: Actor, *, label_id: UUID, reason: str) -> Appeal:
    """Contest how one's own answer was judged; a second person will decide.

    Raise NotFound for an answer that is not the actor's or agrees with the checked one, Conflict
    for one that was contested before.
    """
    check_reason(reason)
    label, project, task = _own_judged_label(uow, actor, label_id)
    locked_record(uow, project.id, actor.id)  # of two appeals at once, the second sees the first
    if _appeals_by_label(uow, [label_id]):
        raise Conflict("You have contested this answer already; each can be contested once.")
    appeal = Appeal(
        project_id=project.id,
        task_id=task.id,
        label_id=label_id,
        annotator_id=actor.id,
        reason=reason.strip(),
        state=AppealState.OPEN,
        gold_before=task.gold_answer,
        created_at=clock.now(),
    )
    uow.session.add(appeal)
    _record_contest(uow, actor, appeal, label, project.task_type)
    return appeal


def appeal_by_id(uow: UnitOfWork, *, appeal_id: UUID) -> Appeal:
    """Return an appeal, or raise NotFound."""
    appeal = uow.session.get(Appeal, appeal_id)
    if appeal is None:
        raise NotFound("There is no such appeal.")
    return appeal


def appeals(
    uow: UnitOfWork,
    *,
    wanted: PageRequest,
    project_id: UUID | None = None,
    state: AppealState | None = None,
) -> Page[Appeal]:
    """Return one page of the appeals of a project, or of all of them, oldest first."""
    statement = select(Appeal)
    if project_id is not None:
        statement = statement.where(Appeal.project_id == project_id)
    if state is not None:
        statement = statement.where(Appeal.state == state)
    return page_by_id(uow, statement, key=Appeal.id, wanted=wanted)


def check_reason(reason: str) -> None:
    """Raise InvalidInput for a reason that says nothing, or is too long."""
    refuse_null(reason, "/reason")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        sentence = f"Say why, in 1 to {LONGEST_REASON:,} characters."
        raise InvalidInput(sentence, fields=[FieldProblem("/reason", sentence)])


def _was_judged() -> Sequence[sa.ColumnElement[bool]]:
    return (
        col(Label.origin).in_([Origin.CROWD, Origin.TRAINING]),
        # Of an answer that was changed, the first one was judged.
        col(Label.supersedes_id).is_(None),
        col(Task.gold_answer).is_not(None),
    )


def _agrees(label: Label, project: Project, task: Task) -> bool:
    kind = task_type_of(project.task_type)
    return kind.agrees(project.answer_schema, label.answer, task.gold_answer)


def _own_judged_label(uow: UnitOfWork, actor: Actor, label_id: UUID) -> tuple[Label, Project, Task]:
    statement = (
        select(Label, Project, Task)
        .join(Task, col(Task.id) == col(Label.task_id))
        .join(Project, col(Project.id) == col(Label.project_id))
        .where(Label.id == label_id, Label.annotator_id == actor.id, *_was_judged())
    )
    row = uow.session.exec(statement).first()
    if row is None or _agrees(*row):
        raise NotFound("There is no such answer of yours that differs from a checked one.")
    return row


def _appeals_by_label(uow: UnitOfWork, label_ids: Sequence[UUID]) -> dict[UUID, Appeal]:
    statement = select(Appeal).where(col(Appeal.label_id).in_(label_ids))
    return {appeal.label_id: appeal for appeal in uow.session.exec(statement)}


def _judged(label: Label, project: Project, task: Task, appeal: Appeal | None) -> JudgedLabel:
    kind = task_type_of(project.task_type)
    return JudgedLabel(
        label_id=label.id,
        project_id=project.id,
        project_title=project.title,
        external_id=task.external_id,
        payload=task.payload,
        answer_schema=project.answer_schema,
        answer=label.answer,
        checked_answer=task.gold_answer,
        answer_text=kind.text_of(project.answer_schema, label.answer),
        checked_text=kind.text_of(project.answer_schema, task.gold_answer),
        explanation=task.explanation,
        answered_at=label.created_at,
        was_training=label.origin is Origin.TRAINING,
        appeal=None if appeal is None else appeal.state,
        decision_reason="" if appeal is None else appeal.decision_reason,
    )


def _record_contest(
    uow: UnitOfWork, actor: Actor, appeal: Appeal, label: Label, task_type: TaskType
) -> None:
    told = tell_answers(task_type, {"answer": label.answer, "checked_answer": appeal.gold_before})
    record(
        uow,
        actor,
        Action.LABEL_CONTESTED,
        subject_type="label",
        subject_id=label.id,
        project_id=appeal.project_id,
        facts={"appeal": str(appeal.id), **told.facts},
        personal={"reason": appeal.reason, **told.personal},
        # What is contested speaks of whom the task is about, and the reason is the annotator's.
        personal_of={"reason": appeal.annotator_id, **dict.fromkeys(told.personal, appeal.task_id)},
    )
