"""Read what annotators gave: every label of a project, and how reliable each was found to be."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from crowd.consensus_runs import run_by_id
from crowd.models import AnnotatorReliability, Label
from crowd.projects import project_by_id
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


def labels_of(uow: UnitOfWork, *, project_id: UUID, wanted: PageRequest) -> Page[Label]:
    """Return one page of a project's labels, superseded ones too, in the order they came."""
    project_by_id(uow, project_id=project_id)
    statement = select(Label).where(col(Label.project_id) == project_id)
    return page_by_id(uow, statement, key=Label.id, wanted=wanted)


def reliabilities_of(uow: UnitOfWork, *, run_id: UUID) -> Sequence[AnnotatorReliability]:
    """Return how reliable each annotator was found to be in a run, the least reliable first."""
    run_by_id(uow, run_id=run_id)
    statement = (
        select(AnnotatorReliability)
        .where(col(AnnotatorReliability.run_id) == run_id)
        .order_by(col(AnnotatorReliability.reliability), col(AnnotatorReliability.annotator_id))
    )
    return uow.session.exec(statement).all()
