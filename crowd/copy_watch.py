"""Looking for copied answers: asked for by the sweep, done by a job, told to whom it concerns."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from crowd.copying import CheckedAnswer, CopiedPair, copied_pairs
from crowd.models import (
    Origin,
    Pattern,
    Project,
    ProjectState,
    Suspicion,
    SuspicionState,
    WatchAction,
)
from crowd.projects import project_by_id
from crowd.standing import locked_record
from crowd.suspicions import raise_suspicion
from crowd.tables import EARNING, LABEL, PROJECT, TASK
from crowd.task_types import task_type_of
from crowd.watching import OFF, watch_rules
from folkmoot.kernel import clock
from folkmoot.kernel.outbox import Job, JobName, request_job
from folkmoot.kernel.unit_of_work import UnitOfWork

# Copying shows over many answers, so nothing is gained by looking more often.
_EVERY = timedelta(minutes=10)
# Of more answers the latest are compared, which bounds a job's memory.
_MOST_ANSWERS = 200_000


def projects_to_watch(uow: UnitOfWork) -> Sequence[UUID]:
    """Return the open projects with gold and with answers since they were last looked at."""
    looked = (
        sa.select(sa.func.max(col(Job.requested_at)))
        .where(col(Job.subject_id) == PROJECT.c.id, col(Job.name) == JobName.WATCH_CROWD)
        .scalar_subquery()
    )
    has_answers = (
        sa.select(1)
        .where(EARNING.c.project_id == PROJECT.c.id)
        .where(sa.or_(looked.is_(None), EARNING.c.earned_at > looked))
        .exists()
    )
    statement = sa.select(PROJECT.c.id).where(
        PROJECT.c.state == ProjectState.OPEN,
        PROJECT.c.gold_share > 0,
        sa.or_(looked.is_(None), looked < clock.now() - _EVERY),
        has_answers,
    )
    return uow.session.connection().execute(statement).scalars().all()


def request_watch(uow: UnitOfWork, *, project_id: UUID) -> None:
    """Ask for a look for copied answers."""
    request_job(uow, JobName.WATCH_CROWD, subject_id=project_id)


def find_copied(uow: UnitOfWork, *, project_id: UUID) -> tuple[CopiedPair, ...]:
    """Return the pairs of annotators whose wrong answers chance does not explain."""
    project = project_by_id(uow, project_id=project_id)
    rule = watch_rules(project.watch).copied
    if rule.action == OFF:
        return ()
    answers = list(_checked_answers(uow, project))
    return copied_pairs(answers, min_shared=rule.min_shared, share=rule.share)


def suspect_copying(uow: UnitOfWork, pair: CopiedPair, *, project_id: UUID) -> None:
    """Raise a suspicion of both: who of them copied, a person has to find out."""
    rule = watch_rules(project_by_id(uow, project_id=project_id).watch).copied
    if rule.action == OFF:
        return
    both = ((pair.first, pair.second), (pair.second, pair.first))
    for own, _ in both:
        # Both records before the log, in the order of their ids: nobody waits in a circle.
        locked_record(uow, project_id, UUID(own))
    for own, other in both:
        raise_suspicion(
            uow,
            project_id=project_id,
            annotator_id=UUID(own),
            pattern=Pattern.COPIED,
            action=WatchAction(rule.action),
            evidence={
                "shared": pair.shared,
                "same": pair.same,
                "expected": round(pair.expected, 2),
                "chance": pair.chance,
                "other": other,
            },
        )


def _checked_answers(uow: UnitOfWork, project: Project) -> Iterator[CheckedAnswer]:
    """Read the first answers to gold, without those that a person has judged already."""
    settled = _last_settled(uow, project.id)
    statement = (
        sa.select(LABEL.c.annotator_id, LABEL.c.task_id, LABEL.c.answer, LABEL.c.created_at)
        .add_columns(TASK.c.gold_answer)
        .join_from(TASK, LABEL, LABEL.c.task_id == TASK.c.id)
        .where(
            TASK.c.project_id == project.id,
            TASK.c.gold_answer.is_not(None),
            LABEL.c.origin == Origin.CROWD,
            LABEL.c.supersedes_id.is_(None),
        )
        .order_by(LABEL.c.id.desc())
        .limit(_MOST_ANSWERS)
    )
    kind = task_type_of(project.task_type)
    for row in uow.session.connection().execute(statement):
        judged = settled.get(row.annotator_id)
        if judged is not None and row.created_at <= judged:
            continue
        was_right = kind.agrees(project.answer_schema, row.answer, row.gold_answer)
        mark = kind.mark_of(row.answer)
        yield CheckedAnswer(str(row.annotator_id), str(row.task_id), mark, was_right)


def _last_settled(uow: UnitOfWork, project_id: UUID) -> dict[UUID, datetime]:
    statement = select(Suspicion.annotator_id, Suspicion.settled_at).where(
        Suspicion.project_id == project_id,
        Suspicion.pattern == Pattern.COPIED,
        Suspicion.state != SuspicionState.OPEN,
    )
    latest: dict[UUID, datetime] = {}
    for annotator_id, settled_at in uow.session.exec(statement):
        if settled_at is not None:
            latest[annotator_id] = max(settled_at, latest.get(annotator_id, settled_at))
    return latest
