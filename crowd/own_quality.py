"""What an annotator may read of their own quality: how checks went, and what was noticed."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from crowd.models import AnnotatorRecord, Project, Suspicion, SuspicionState
from folkmoot.kernel.unit_of_work import UnitOfWork


def checked_records(
    uow: UnitOfWork, *, annotator_id: UUID, fewest: int
) -> Sequence[tuple[AnnotatorRecord, Project]]:
    """Return what is known of somebody in the projects where enough answers were checked."""
    statement = (
        select(AnnotatorRecord, Project)
        .join(Project, col(Project.id) == AnnotatorRecord.project_id)
        .where(AnnotatorRecord.annotator_id == annotator_id, AnnotatorRecord.gold_seen >= fewest)
        .order_by(col(Project.id))
    )
    return uow.session.exec(statement).all()


def noticed_of(
    uow: UnitOfWork, *, annotator_id: UUID, at_most: int
) -> Sequence[tuple[Suspicion, Project]]:
    """Return what was noticed of somebody and not found to be nothing, newest first."""
    statement = (
        select(Suspicion, Project)
        .join(Project, col(Project.id) == Suspicion.project_id)
        .where(Suspicion.annotator_id == annotator_id, Suspicion.state != SuspicionState.CLEARED)
        .order_by(col(Suspicion.id).desc())
        .limit(at_most)
    )
    return uow.session.exec(statement).all()
