"""What is known of the annotators of a project."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from crowd.aggregation import Reliability
from crowd.models import (
    AnnotatorRecord,
    Qualification,
    Standing,
    Suspicion,
    SuspicionState,
)
from crowd.projects import project_by_id
from crowd.quality import skill_of
from crowd.tallies import tally_of
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class AnnotatorStory:
    """One annotator in a project: what they did, and how far their answers can be trusted.

    skill: the chance of a right answer with its 95 % limits, by gold, agreement and latest run.
    compared: on how many answers, weighted by how sure the others were, the agreement rests.
    """

    annotator_id: UUID
    n_labels: int
    gold_seen: int
    gold_right: int
    compared: float
    run_labels: int
    active_seconds: float
    skill: Reliability
    standing: Standing
    standing_reason: str
    qualification: Qualification
    qualified_until: datetime | None
    open_suspicions: int


def annotators_of(
    uow: UnitOfWork, *, project_id: UUID, wanted: PageRequest
) -> Page[AnnotatorStory]:
    """Return one page of the annotators who have answered in a project."""
    project_by_id(uow, project_id=project_id)
    statement = select(AnnotatorRecord).where(
        AnnotatorRecord.project_id == project_id,
        sa.or_(col(AnnotatorRecord.n_labels) > 0, col(AnnotatorRecord.gold_seen) > 0),
    )
    page = page_by_id(uow, statement, key=AnnotatorRecord.annotator_id, wanted=wanted)
    suspicions = _count_open(uow, project_id)
    return page.mapped(lambda record: _story(record, suspicions))


def _story(record: AnnotatorRecord, suspicions: Mapping[UUID, int]) -> AnnotatorStory:
    return AnnotatorStory(
        annotator_id=record.annotator_id,
        n_labels=record.n_labels,
        gold_seen=record.gold_seen,
        gold_right=record.gold_right,
        compared=record.compared,
        run_labels=record.run_labels,
        active_seconds=record.active_seconds,
        skill=skill_of(tally_of(record), record.run_reliability, record.run_labels),
        standing=record.standing,
        standing_reason=record.standing_reason,
        qualification=record.qualification,
        qualified_until=record.qualified_until,
        open_suspicions=suspicions.get(record.annotator_id, 0),
    )


def _count_open(uow: UnitOfWork, project_id: UUID) -> Counter[UUID]:
    statement = select(Suspicion.annotator_id).where(
        Suspicion.project_id == project_id, Suspicion.state == SuspicionState.OPEN
    )
    return Counter(uow.session.exec(statement))
