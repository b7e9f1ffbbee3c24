"""Offers: the projects that an annotator may choose from, and what stands between them and each.

What is said here is what `crowd.admission` would say at the desk, before anyone walks there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from crowd.admission import UNDERPAID, day_limit, flags_missing, sitting_limit
from crowd.annotating import ProjectCard, open_projects_for
from crowd.models import (
    AnnotatorRecord,
    ContentFlag,
    Project,
    ProjectState,
    Qualification,
    Sitting,
    Standing,
)
from crowd.preferences import preferences_of
from crowd.sittings import sitting_of
from crowd.tables import WORK_DAY
from crowd.training import is_qualified
from folkmoot.kernel import clock
from folkmoot.kernel.errors import NotNow
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class TrainingState:
    """How far an annotator has come in a project's training."""

    is_passed: bool
    passed_until: datetime | None
    has_failed: bool
    seen: int
    needed: int


@dataclass(frozen=True)
class Offer:
    """A project as one annotator may have it now.

    missing_flags: the content to opt in to first. training: None where the project asks for none.
    closed_because: why nobody is given tasks; limit: why this person is given none, and
    limit_ends_at: when that passes, None where it does not by itself.
    """

    card: ProjectCard
    standing: Standing
    standing_reason: str
    training: TrainingState | None
    missing_flags: Sequence[ContentFlag]
    closed_because: str
    limit: str
    limit_ends_at: datetime | None


@dataclass(frozen=True)
class _Person:
    """What is known of one annotator across projects."""

    records: Mapping[UUID, AnnotatorRecord]
    accepted_flags: Sequence[str]
    n_sensitive_today: int
    sitting: Sitting | None


def offers_for(uow: UnitOfWork, *, annotator_id: UUID) -> Sequence[Offer]:
    """Return the projects to choose from, and those of one's own that were paused for their pay.

    Those that can be worked in now come first.
    """
    person = _person(uow, annotator_id)
    cards = [*open_projects_for(uow, annotator_id=annotator_id), *_underpaid(uow, person)]
    offers = [_offer(card, person) for card in cards]
    return sorted(offers, key=_is_barred)


def sensitive_today(uow: UnitOfWork, *, annotator_id: UUID) -> int:
    """Return how many sensitive tasks somebody was given today, in UTC, in all projects."""
    counted = sa.select(sa.func.coalesce(sa.func.sum(WORK_DAY.c.n_sensitive), 0)).where(
        WORK_DAY.c.annotator_id == annotator_id, WORK_DAY.c.day == clock.now().date()
    )
    return int(uow.session.connection().execute(counted).scalar_one())


def _person(uow: UnitOfWork, annotator_id: UUID) -> _Person:
    records = uow.session.exec(
        select(AnnotatorRecord).where(AnnotatorRecord.annotator_id == annotator_id)
    )
    return _Person(
        records={record.project_id: record for record in records},
        accepted_flags=preferences_of(uow, annotator_id=annotator_id).accepted_flags,
        n_sensitive_today=sensitive_today(uow, annotator_id=annotator_id),
        sitting=sitting_of(uow, annotator_id=annotator_id),
    )


def _underpaid(uow: UnitOfWork, person: _Person) -> list[ProjectCard]:
    statement = (
        select(Project)
        .where(
            col(Project.id).in_(person.records),
            col(Project.state) == ProjectState.PAUSED,
            col(Project.pay_alarm_at).is_not(None),
        )
        .order_by(col(Project.id))
    )
    return [
        ProjectCard(
            project=project,
            waiting=0,
            own_labels=person.records[project.id].n_labels,
            seconds_per_task=None,
            hourly_minor=None,
        )
        for project in uow.session.exec(statement)
    ]


def _offer(card: ProjectCard, person: _Person) -> Offer:
    project = card.project
    record = person.records.get(project.id)
    limit = _limit(project, person)
    return Offer(
        card=card,
        standing=Standing.GOOD if record is None else record.standing,
        standing_reason="" if record is None else record.standing_reason,
        training=_training(project, record),
        missing_flags=flags_missing(project.content_flags, person.accepted_flags),
        closed_because="" if project.state is ProjectState.OPEN else UNDERPAID,
        limit="" if limit is None else limit.message,
        limit_ends_at=None if limit is None else limit.retry_at,
    )


def _limit(project: Project, person: _Person) -> NotNow | None:
    now, sitting = clock.now(), person.sitting
    return day_limit(
        project.content_flags,
        per_day=project.sensitive_per_day,
        n_today=person.n_sensitive_today,
        now=now,
    ) or sitting_limit(
        cap_minutes=project.session_cap_minutes,
        sitting_seconds=None if sitting is None else sitting.active_seconds,
        last_beat_at=None if sitting is None else sitting.last_beat_at,
        now=now,
    )


def _training(project: Project, record: AnnotatorRecord | None) -> TrainingState | None:
    if not project.training_questions:
        return None
    if record is None:
        return TrainingState(
            is_passed=False,
            passed_until=None,
            has_failed=False,
            seen=0,
            needed=project.training_questions,
        )
    return TrainingState(
        is_passed=is_qualified(record.qualification, record.qualified_until, clock.now()),
        passed_until=record.qualified_until,
        has_failed=record.qualification is Qualification.FAILED,
        seen=record.training_seen,
        needed=project.training_questions,
    )


def _is_barred(offer: Offer) -> bool:
    is_out = offer.standing is Standing.PAUSED or bool(offer.closed_because or offer.limit)
    return is_out or not offer.card.waiting
