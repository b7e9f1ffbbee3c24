"""Counting gold again after a known answer was corrected.

The caller holds the record of every annotator who answered the task, and the task itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from crowd.models import (
    AnnotatorRecord,
    Origin,
    Pattern,
    Project,
    Suspicion,
    SuspicionState,
    Task,
)
from crowd.settling import clear_unfounded
from crowd.standing import standing_suspicions, update_standing
from crowd.tables import LABEL, TASK
from crowd.tallies import RECENT_CHECKS
from crowd.task_types import task_type_of
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork

# Of an answer that was changed, the first one was judged.
_IS_FIRST_OF_CROWD = (LABEL.c.origin == Origin.CROWD, LABEL.c.supersedes_id.is_(None))
_NOTE = "The known answer of a task was corrected; without it the pattern is not there."


@dataclass(frozen=True)
class GoldChange:
    """A task whose known answer was corrected; `after` is None where it is no longer gold."""

    project: Project
    task: Task
    before: Json
    after: Json | None

    def was_right(self, answer: Json) -> bool:
        """Say whether an answer agreed with the known one before."""
        return self._agrees(answer, self.before)

    def is_right(self, answer: Json) -> bool:
        """Say whether an answer agrees with the known one now; never where none is known."""
        return self.after is not None and self._agrees(answer, self.after)

    def _agrees(self, answer: Json, checked: Json) -> bool:
        kind = task_type_of(self.project.task_type)
        return kind.agrees(self.project.answer_schema, answer, checked)


def judged_answers(uow: UnitOfWork, *, task_id: UUID) -> dict[UUID, Json]:
    """Return the answer of every annotator that was judged by a task's known answer."""
    statement = sa.select(LABEL.c.annotator_id, LABEL.c.answer).where(
        LABEL.c.task_id == task_id, *_IS_FIRST_OF_CROWD
    )
    rows = uow.session.connection().execute(statement)
    return {row.annotator_id: row.answer for row in rows}


def recount_gold(
    uow: UnitOfWork,
    actor: Actor,
    change: GoldChange,
    *,
    records: Mapping[UUID, AnnotatorRecord],
    answers: Mapping[UUID, Json],
) -> int:
    """Count every answer to a corrected task anew, and return for how many people it matters.

    A suspicion of failing gold that the corrected counts do not bear out is cleared.
    """
    n_changed = 0
    for annotator_id in sorted(answers):
        annotator, answer = records[annotator_id], answers[annotator_id]
        was, now = change.was_right(answer), change.is_right(answer)
        if change.after is not None and was is now:
            continue
        n_changed += 1
        annotator.gold_seen -= int(change.after is None)
        annotator.gold_right += int(now) - int(was)
        _look_again(uow, actor, change.project, annotator)
    return n_changed


def _look_again(
    uow: UnitOfWork, actor: Actor, project: Project, annotator: AnnotatorRecord
) -> None:
    since = _last_settled(uow, annotator, before=None)
    annotator.recent_gold = _recent_checks(uow, project, annotator, since=since, until=None)
    uow.session.add(annotator)
    uow.session.flush()  # a record that is read again must not lose what was just counted
    for suspicion in standing_suspicions(uow, annotator):
        if suspicion.pattern is Pattern.FAILING_GOLD and not _holds(uow, project, suspicion):
            clear_unfounded(uow, actor, suspicion, note=_NOTE)
    update_standing(uow, actor, annotator)


def _holds(uow: UnitOfWork, project: Project, suspicion: Suspicion) -> bool:
    """Say whether the answers that were looked at then still fail the gold as it is now."""
    annotator = uow.session.get_one(AnnotatorRecord, (suspicion.project_id, suspicion.annotator_id))
    since = _last_settled(uow, annotator, before=suspicion.found_at)
    checks = _recent_checks(uow, project, annotator, since=since, until=suspicion.found_at)
    checked, least = suspicion.evidence.get("checked"), suspicion.evidence.get("at_least_share")
    if not isinstance(checked, int) or not isinstance(least, float | int):
        return True
    latest = checks[-checked:]
    return latest.count("1") < least * len(latest)


def _recent_checks(
    uow: UnitOfWork,
    project: Project,
    annotator: AnnotatorRecord,
    *,
    since: datetime | None,
    until: datetime | None,
) -> str:
    """Return the latest checks between two moments, oldest first: "1" right, "0" other."""
    statement = (
        sa.select(LABEL.c.answer, TASK.c.gold_answer)
        .join_from(LABEL, TASK, TASK.c.id == LABEL.c.task_id)
        .where(
            LABEL.c.annotator_id == annotator.annotator_id,
            LABEL.c.project_id == project.id,
            TASK.c.gold_answer.is_not(None),
            *_IS_FIRST_OF_CROWD,
        )
        .order_by(LABEL.c.id.desc())
        .limit(RECENT_CHECKS)
    )
    if since is not None:
        statement = statement.where(LABEL.c.created_at > since)
    if until is not None:
        statement = statement.where(LABEL.c.created_at <= until)
    kind = task_type_of(project.task_type)
    checks = [
        str(int(kind.agrees(project.answer_schema, row.answer, row.gold_answer)))
        for row in uow.session.connection().execute(statement)
    ]
    return "".join(reversed(checks))


def _last_settled(
    uow: UnitOfWork, annotator: AnnotatorRecord, *, before: datetime | None
) -> datetime | None:
    """Return when the counting of checks last began anew."""
    statement = select(Suspicion.settled_at).where(
        Suspicion.project_id == annotator.project_id,
        Suspicion.annotator_id == annotator.annotator_id,
        Suspicion.pattern == Pattern.FAILING_GOLD,
        Suspicion.state != SuspicionState.OPEN,
    )
    if before is not None:
        statement = statement.where(col(Suspicion.settled_at) < before)
    moments = [moment for moment in uow.session.exec(statement) if moment is not None]
    return max(moments, default=None)
