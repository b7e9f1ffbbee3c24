"""Read what annotators gave."""

from uuid import UUID

from sqlmodel import col, select

from crowd.models import Label
from crowd.projects import project_by_id
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


def labels_of(uow: UnitOfWork, *, project_id: UUID, wanted: PageRequest) -> Page[Label]:
    """Return one page of a project's labels, superseded ones too, in the order they came."""
    project_by_id(uow, project_id=project_id)
    statement = select(Label).where(col(Label.project_id) == project_id)
    return page_by_id(uow, statement, key=Label.id, wanted=wanted)
