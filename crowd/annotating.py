"""What annotators see of their work: projects that wait for them, their day, pay and quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import col, select

from crowd.aggregation import Reliability, reliability_from_gold
from crowd.models import (
    AnnotatorRecord,
    Earning,
    Project,
    ProjectState,
    Purpose,
)
from crowd.searching import count_waiting
from crowd.tables import PLACE, RECORD, WORK_DAY
from folkmoot.kernel import clock
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

# Beyond this many the exact number helps nobody to choose.
MOST_WAITING = 100
FEWEST_OTHERS = 3
# What a few quick answers would come to in an hour is a promise that nobody can keep.
FEWEST_SECONDS = 600


@dataclass(frozen=True)
class ProjectCard:
    """A project as an annotator chooses it.

    waiting: tasks that this person could answer now, those in hand too, up to MOST_WAITING.
    seconds_per_task, hourly_minor: what others reached; None while they are so few that it
        would tell of one of them, or have worked less than FEWEST_SECONDS together.
    """

    project: Project
    waiting: int
    own_labels: int
    seconds_per_task: float | None
    hourly_minor: int | None


@dataclass(frozen=True)
class Work:
    """How much was done and earned; `earned_minor` by currency, in cents."""

    n_labels: int
    active_seconds: float
    earned_minor: dict[str, int]


@dataclass(frozen=True)
class Quality:
    """How an annotator's answers compare with known ones in a project."""

    project: Project
    n_labels: int
    gold_seen: int
    gold_right: int
    reliability: Reliability


def open_projects_for(uow: UnitOfWork, *, annotator_id: UUID) -> Sequence[ProjectCard]:
    """Return the open projects, those with most work for this annotator first."""
    opened = uow.session.exec(
        select(Project).where(col(Project.state) == ProjectState.OPEN).order_by(col(Project.id))
    ).all()
    connection = uow.session.connection()
    cards = [_card(connection, project, annotator_id) for project in opened]
    return sorted(cards, key=lambda card: -card.waiting)


def today_of(uow: UnitOfWork, *, annotator_id: UUID, since: datetime | None = None) -> Work:
    """Return an annotator's work of today, in UTC, or of all days from a moment's day on."""
    first_day = (since or clock.now()).date()
    return _work(uow, WORK_DAY.c.annotator_id == annotator_id, WORK_DAY.c.day >= first_day)


def work_of(uow: UnitOfWork, *, annotator_id: UUID) -> Work:
    """Return all that an annotator has done and earned."""
    return _work(uow, WORK_DAY.c.annotator_id == annotator_id)


def earnings_of(uow: UnitOfWork, *, annotator_id: UUID, wanted: PageRequest) -> Page[Earning]:
    """Return one page of an annotator's ledger, newest first."""
    statement = select(Earning).where(Earning.annotator_id == annotator_id)
    return page_by_id(uow, statement, key=Earning.id, wanted=wanted, newest_first=True)


def quality_of(uow: UnitOfWork, *, annotator_id: UUID) -> Sequence[Quality]:
    """Return how an annotator did on gold, by project, for all projects they worked in."""
    statement = (
        select(AnnotatorRecord, Project)
        .join(Project, col(Project.id) == AnnotatorRecord.project_id)
        .where(AnnotatorRecord.annotator_id == annotator_id, AnnotatorRecord.n_labels > 0)
        .order_by(col(Project.id))
    )
    return [
        Quality(
            project,
            record.n_labels,
            record.gold_seen,
            record.gold_right,
            reliability_from_gold(record.gold_right, record.gold_seen),
        )
        for record, project in uow.session.exec(statement)
    ]


def _card(connection: Connection, project: Project, annotator_id: UUID) -> ProjectCard:
    own_labels = sa.select(RECORD.c.n_labels).where(
        RECORD.c.project_id == project.id, RECORD.c.annotator_id == annotator_id
    )
    pace = _pace_of_others(connection, project.id, annotator_id)
    return ProjectCard(
        project=project,
        waiting=_waiting(connection, project.id, annotator_id),
        own_labels=connection.execute(own_labels).scalar() or 0,
        seconds_per_task=pace,
        hourly_minor=None if pace is None else round(project.pay_minor * 3600 / pace),
    )


def _pace_of_others(connection: Connection, project_id: UUID, annotator_id: UUID) -> float | None:
    others = sa.select(
        sa.func.count(), sa.func.sum(RECORD.c.n_labels), sa.func.sum(RECORD.c.active_seconds)
    ).where(
        RECORD.c.project_id == project_id,
        RECORD.c.annotator_id != annotator_id,
        RECORD.c.n_labels > 0,
    )
    n_others, n_labels, seconds = connection.execute(others).one()
    if n_others < FEWEST_OTHERS or seconds < FEWEST_SECONDS:
        return None
    return float(seconds) / int(n_labels)


def _waiting(connection: Connection, project_id: UUID, annotator_id: UUID) -> int:
    now = clock.now()
    in_hand = sa.select(sa.func.count()).where(
        PLACE.c.annotator_id == annotator_id,
        PLACE.c.project_id == project_id,
        PLACE.c.label_id.is_(None),
        PLACE.c.leased_until > now,
        # Gold did not wait before it was given, and must not show by adding one.
        PLACE.c.purpose != Purpose.GOLD,
    )
    n_free = count_waiting(
        connection,
        project_id=project_id,
        annotator_id=annotator_id,
        now=now,
        at_most=MOST_WAITING,
    )
    return min(MOST_WAITING, n_free + int(connection.execute(in_hand).scalar_one()))


def _work(uow: UnitOfWork, *where: sa.ColumnElement[bool]) -> Work:
    statement = (
        sa.select(
            WORK_DAY.c.currency,
            sa.func.sum(WORK_DAY.c.n_labels),
            sa.func.sum(WORK_DAY.c.active_seconds),
            sa.func.sum(WORK_DAY.c.earned_minor),
        )
        .where(*where)
        .group_by(WORK_DAY.c.currency)
    )
    rows = uow.session.connection().execute(statement).all()
    return Work(
        n_labels=sum(int(n_labels) for _, n_labels, _, _ in rows),
        active_seconds=sum(float(seconds) for _, _, seconds, _ in rows),
        earned_minor={currency: int(earned) for currency, _, _, earned in rows if earned},
    )
