"""How far a project is and how far its labels can be trusted: what a team reads."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import col, select

from crowd.consensus_loading import labels_saved
from crowd.consensus_runs import latest_run
from crowd.early_stopping import EarlyStopping, early_stopping
from crowd.integrity import Integrity, counted_integrity
from crowd.models import (
    AnnotatorRecord,
    AnnotatorReliability,
    Consensus,
    ConsensusRun,
    Fate,
    Origin,
    Project,
    Task,
    TaskState,
)
from crowd.pay_floor import PayStanding, pay_standing
from crowd.projects import project_by_id
from crowd.tables import EARNING, LABEL, PLACE, TASK
from crowd.task_stories import TaskStory, task_story, tasks_of
from crowd.task_types import NominalKind, task_type_of
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "AnnotatorStanding",
    "Funnel",
    "Integrity",
    "ProjectProgress",
    "TaskStory",
    "counted_integrity",
    "funnels_of",
    "project_progress",
    "task_story",
    "tasks_of",
]

_HARDEST = 6


@dataclass(frozen=True)
class Funnel:
    """From tasks to confident answers. Gold and experts' tasks are counted apart."""

    tasks: int = 0
    gold: int = 0
    by_experts: int = 0
    places: int = 0
    labels: int = 0
    surplus: int = 0
    annotators: int = 0
    complete: int = 0
    confident: int = 0
    cost_minor: int = 0


@dataclass(frozen=True)
class AnnotatorStanding:
    """One annotator in a project. The interval is that of the newest run, None before any.

    answers: how often they gave each answer, in JSON; one alone is a sign of not reading.
    """

    annotator_id: UUID
    n_labels: int
    gold_seen: int
    gold_right: int
    reliability: float | None
    low: float | None
    high: float | None
    answers: Mapping[str, int]


@dataclass(frozen=True)
class ProjectProgress:
    """All figures of a project's page.

    labels_counted: what the budget of labels is held against, gold and late labels too.
    balance: how often each answer was agreed on; empty where answers are of no classes.
    """

    project: Project
    funnel: Funnel
    labels_counted: int
    labels_saved: int
    saved_share: float | None
    stopping: EarlyStopping
    pay: PayStanding
    run: ConsensusRun | None
    balance: Mapping[str, int]
    hardest: Sequence[Task]
    annotators: Sequence[AnnotatorStanding]


def project_progress(uow: UnitOfWork, *, project_id: UUID) -> ProjectProgress:
    """Return how far a project is, what was agreed and by whom."""
    project = project_by_id(uow, project_id=project_id)
    funnel = funnels_of(uow, projects=[project])[project_id]
    run = latest_run(uow, project_id=project_id)
    saved = labels_saved(uow, project)
    asked_at_most = funnel.complete * project.ceiling
    standings = _standings(uow, project_id, run)
    return ProjectProgress(
        project=project,
        funnel=funnel,
        labels_counted=sum(each.n_labels for each in standings),
        labels_saved=saved,
        saved_share=saved / asked_at_most if asked_at_most else None,
        stopping=early_stopping(uow, project=project),
        pay=pay_standing(uow, project_id=project_id),
        run=run,
        balance=_balance(uow.session.connection(), project, run),
        hardest=_hardest(uow, project_id),
        annotators=standings,
    )


def funnels_of(uow: UnitOfWork, *, projects: Sequence[Project]) -> dict[UUID, Funnel]:
    """Return the figures of several projects, in as many statements as for one."""
    ids = [project.id for project in projects]
    confidence = {project.id: project.confidence for project in projects}
    connection = uow.session.connection()
    figures: dict[UUID, dict[str, int]] = {project_id: {} for project_id in ids}
    for statement in (_task_figures(ids), _label_figures(ids), _place_figures(ids), _cost(ids)):
        for row in connection.execute(statement).mappings():
            counts = {name: int(row[name] or 0) for name in row if name != "project_id"}
            figures[row["project_id"]].update(counts)
    for project_id in ids:
        figures[project_id]["confident"] = _confident(
            connection, project_id, confidence[project_id]
        )
    return {project_id: Funnel(**counts) for project_id, counts in figures.items()}


def _task_figures(ids: Sequence[UUID]) -> sa.Select[*tuple[object, ...]]:
    is_gold = TASK.c.gold_answer.is_not(None)
    by_expert = TASK.c.origin == Origin.REVIEW
    is_asked = sa.and_(~is_gold, ~by_expert)
    return (
        sa.select(
            TASK.c.project_id,
            _sum_where(is_asked).label("tasks"),
            _sum_where(is_gold).label("gold"),
            _sum_where(by_expert).label("by_experts"),
            _sum_where(is_asked, TASK.c.state == TaskState.COMPLETE).label("complete"),
        )
        .where(TASK.c.project_id.in_(ids))
        .group_by(TASK.c.project_id)
    )


def _label_figures(ids: Sequence[UUID]) -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(
            LABEL.c.project_id,
            sa.func.count().label("labels"),
            _sum_where(LABEL.c.fate == Fate.SURPLUS).label("surplus"),
            sa.func.count(sa.distinct(LABEL.c.annotator_id)).label("annotators"),
        )
        .where(LABEL.c.project_id.in_(ids), LABEL.c.is_current, LABEL.c.origin == Origin.CROWD)
        .group_by(LABEL.c.project_id)
    )


def _place_figures(ids: Sequence[UUID]) -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(PLACE.c.project_id, sa.func.count().label("places"))
        .where(PLACE.c.project_id.in_(ids))
        .group_by(PLACE.c.project_id)
    )


def _cost(ids: Sequence[UUID]) -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(EARNING.c.project_id, sa.func.sum(EARNING.c.amount_minor).label("cost_minor"))
        .where(EARNING.c.project_id.in_(ids))
        .group_by(EARNING.c.project_id)
    )


def _sum_where(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0))


def _confident(connection: Connection, project_id: UUID, confidence: float) -> int:
    statement = sa.select(sa.func.count()).where(
        TASK.c.project_id == project_id,
        TASK.c.state == TaskState.COMPLETE,
        TASK.c.origin == Origin.CROWD,
        TASK.c.confidence >= confidence,
    )
    return int(connection.execute(statement).scalar_one())


def _balance(connection: Connection, project: Project, run: ConsensusRun | None) -> dict[str, int]:
    """Count the answers by class: of the newest run, or of the finished tasks before any."""
    kind = task_type_of(project.task_type)
    if not isinstance(kind, NominalKind):
        return {}
    counts = dict.fromkeys(kind.classes(project.answer_schema), 0)
    if run is None:
        answer = sa.cast(TASK.c.answer, sa.Text)
        statement = sa.select(answer, sa.func.count()).where(
            TASK.c.project_id == project.id,
            TASK.c.state == TaskState.COMPLETE,
            TASK.c.answer.is_not(None),
        )
    else:
        answer = sa.cast(col(Consensus.answer), sa.Text)
        statement = sa.select(answer, sa.func.count()).where(col(Consensus.run_id) == run.id)
    for written, count in connection.execute(statement.group_by(answer)):
        counts[kind.class_of(json.loads(written))] = count
    return counts


def _hardest(uow: UnitOfWork, project_id: UUID) -> Sequence[Task]:
    statement = (
        select(Task)
        .where(
            Task.project_id == project_id,
            col(Task.origin) == Origin.CROWD,
            col(Task.confidence).is_not(None),
            col(Task.n_labels) > 1,
        )
        .order_by(col(Task.confidence), col(Task.n_labels).desc(), col(Task.id))
        .limit(_HARDEST)
    )
    return uow.session.exec(statement).all()


def _standings(
    uow: UnitOfWork, project_id: UUID, run: ConsensusRun | None
) -> list[AnnotatorStanding]:
    records = uow.session.exec(
        select(AnnotatorRecord).where(AnnotatorRecord.project_id == project_id)
    )
    estimates = _estimates(uow, run)
    answers = _answers_by_annotator(uow.session.connection(), project_id)
    standings = [
        _standing(record, estimates.get(record.annotator_id), answers)
        for record in records
        if record.n_labels
    ]
    # Nobody measured yet comes last; else the least reliable first, for they need attention.
    return sorted(standings, key=lambda each: (each.reliability is None, each.reliability or 0))


def _estimates(uow: UnitOfWork, run: ConsensusRun | None) -> dict[UUID, AnnotatorReliability]:
    if run is None:
        return {}
    found = uow.session.exec(
        select(AnnotatorReliability).where(AnnotatorReliability.run_id == run.id)
    )
    return {each.annotator_id: each for each in found}


def _standing(
    record: AnnotatorRecord,
    estimate: AnnotatorReliability | None,
    answers: Mapping[UUID, Mapping[str, int]],
) -> AnnotatorStanding:
    return AnnotatorStanding(
        annotator_id=record.annotator_id,
        n_labels=record.n_labels,
        gold_seen=record.gold_seen,
        gold_right=record.gold_right,
        reliability=None if estimate is None else estimate.reliability,
        low=None if estimate is None else estimate.low,
        high=None if estimate is None else estimate.high,
        answers=answers.get(record.annotator_id, {}),
    )


def _answers_by_annotator(connection: Connection, project_id: UUID) -> dict[UUID, Counter[str]]:
    answer = sa.cast(LABEL.c.answer, sa.Text)
    statement = (
        sa.select(LABEL.c.annotator_id, answer, sa.func.count())
        .where(LABEL.c.project_id == project_id, LABEL.c.is_current, LABEL.c.origin == Origin.CROWD)
        .group_by(LABEL.c.annotator_id, answer)
    )
    counts: dict[UUID, Counter[str]] = {}
    for annotator_id, written, count in connection.execute(statement):
        person = counts.setdefault(annotator_id, Counter())
        person[written] += count
    return counts
