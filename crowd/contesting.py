"""Contests: an annotator asks a person to look again at an answer that was judged wrong.

A contest changes nothing by itself. It is a message to whoever oversees the project, so the log
that they read is the one place where it is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.models import Entry
from audit.recording import record
from crowd.models import Label, Origin, Project, Task
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

_SUBJECT = "label"
# Only the latest checks are looked through: beyond them nobody remembers the task.
_MOST_CHECKED = 1000


@dataclass(frozen=True)
class JudgedLabel:
    """An answer that differs from the checked one, and whether it has been contested."""

    label_id: UUID
    project_id: UUID
    project_title: str
    answer_schema: JsonObject
    answer: Json
    checked_answer: Json
    answered_at: datetime
    is_contested: bool


def judged_labels(uow: UnitOfWork, *, annotator_id: UUID, at_most: int) -> Sequence[JudgedLabel]:
    """Return an annotator's latest answers that differ from the checked ones."""
    statement = (
        select(Label, Project, Task)
        .join(Task, col(Task.id) == col(Label.task_id))
        .join(Project, col(Project.id) == col(Label.project_id))
        .where(
            col(Label.annotator_id) == annotator_id,
            col(Label.origin) == Origin.CROWD,
            # Of an answer that was changed, the first one was judged.
            col(Label.supersedes_id).is_(None),
            col(Task.gold_answer).is_not(None),
        )
        .order_by(col(Label.id).desc())
        .limit(_MOST_CHECKED)
    )
    rows = uow.session.exec(statement)
    differing = [row for row in rows if row[0].answer != row[2].gold_answer][:at_most]
    contested = _contested(uow, [label.id for label, _, _ in differing])
    return [
        JudgedLabel(
            label_id=label.id,
            project_id=project.id,
            project_title=project.title,
            answer_schema=project.answer_schema,
            answer=label.answer,
            checked_answer=task.gold_answer,
            answered_at=label.created_at,
            is_contested=label.id in contested,
        )
        for label, project, task in differing
    ]


def contest_label(uow: UnitOfWork, actor: Actor, *, label_id: UUID) -> Entry:
    """Ask for another look at one's own answer that was judged wrong."""
    judged = judged_labels(uow, annotator_id=actor.id, at_most=_MOST_CHECKED)
    found = next((one for one in judged if one.label_id == label_id), None)
    if found is None:
        raise NotFound("There is no such answer of yours that differs from a checked one.")
    if found.is_contested:
        raise Conflict("You have contested this answer already; somebody will look at it.")
    facts: JsonObject = {"answer": found.answer, "checked_answer": found.checked_answer}
    return record(
        uow,
        actor,
        Action.LABEL_CONTESTED,
        subject_type=_SUBJECT,
        subject_id=label_id,
        project_id=found.project_id,
        facts=facts,
    )


def _contested(uow: UnitOfWork, label_ids: Sequence[UUID]) -> frozenset[UUID]:
    statement = select(Entry.subject_id).where(
        col(Entry.subject_type) == _SUBJECT,
        col(Entry.subject_id).in_(label_ids),
        col(Entry.action) == Action.LABEL_CONTESTED,
    )
    return frozenset(uow.session.exec(statement))
