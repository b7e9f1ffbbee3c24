"""Appeals as whoever decides them reads them: the task, both answers, and what others answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from crowd.gold_recount import judged_answers
from crowd.models import Appeal, AppealState, Label, Project, Task, TaskType
from crowd.task_types import task_type_of
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class AppealCase:
    """One appeal with what is needed to decide it.

    checked_answer: the known answer as it is now; None where the task is no longer gold.
    n_like_them, n_like_checked, n_other: how many annotators answered as the one who appeals, as
        the known answer, and otherwise; all of them are counted anew if it is upheld.
    """

    appeal_id: UUID
    state: AppealState
    project_id: UUID
    project_slug: str
    project_title: str
    task_type: TaskType
    answer_schema: JsonObject
    task_id: UUID
    external_id: str
    payload: JsonObject
    explanation: str
    annotator_id: UUID
    reason: str
    answer: Json
    answer_text: str
    note: str
    checked_answer: Json | None
    checked_text: str
    is_training: bool
    n_like_them: int
    n_like_checked: int
    n_other: int
    created_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str
    gold_after_text: str


def appeal_cases(uow: UnitOfWork, appeals: Sequence[Appeal]) -> Sequence[AppealCase]:
    """Return appeals with their tasks and answers, in the same order."""
    statement = (
        select(Appeal, Label, Task, Project)
        .join(Label, col(Label.id) == col(Appeal.label_id))
        .join(Task, col(Task.id) == col(Appeal.task_id))
        .join(Project, col(Project.id) == col(Appeal.project_id))
        .where(col(Appeal.id).in_([appeal.id for appeal in appeals]))
    )
    found = {row[0].id: _case(uow, *row) for row in uow.session.exec(statement)}
    return [found[appeal.id] for appeal in appeals]


def _case(
    uow: UnitOfWork, appeal: Appeal, label: Label, task: Task, project: Project
) -> AppealCase:
    kind, schema = task_type_of(project.task_type), project.answer_schema
    # Of a decided one, the known answer that it was about.
    checked = task.gold_answer if appeal.state is AppealState.OPEN else appeal.gold_before
    like_them, like_checked, other = _counted(uow, project, label, checked)
    return AppealCase(
        appeal_id=appeal.id,
        state=appeal.state,
        project_id=project.id,
        project_slug=project.slug,
        project_title=project.title,
        task_type=project.task_type,
        answer_schema=schema,
        task_id=task.id,
        external_id=task.external_id,
        payload=task.payload,
        explanation=task.explanation,
        annotator_id=appeal.annotator_id,
        reason=appeal.reason,
        answer=label.answer,
        answer_text=kind.text_of(schema, label.answer),
        note=label.note,
        checked_answer=checked,
        checked_text="" if checked is None else kind.text_of(schema, checked),
        is_training=task.use.value == "training",
        n_like_them=like_them,
        n_like_checked=like_checked,
        n_other=other,
        created_at=appeal.created_at,
        decided_by=appeal.decided_by,
        decided_at=appeal.decided_at,
        decision_reason=appeal.decision_reason,
        gold_after_text=(
            "" if appeal.gold_after is None else kind.text_of(schema, appeal.gold_after)
        ),
    )


def _counted(
    uow: UnitOfWork, project: Project, label: Label, checked: Json | None
) -> tuple[int, int, int]:
    kind, schema = task_type_of(project.task_type), project.answer_schema
    answers = judged_answers(uow, task_id=label.task_id).values()
    like_checked = [
        answer for answer in answers if checked is not None and kind.agrees(schema, answer, checked)
    ]
    others = [answer for answer in answers if answer not in like_checked]
    like_them = [answer for answer in others if kind.agrees(schema, answer, label.answer)]
    return len(like_them), len(like_checked), len(others) - len(like_them)
