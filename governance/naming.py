"""What the subjects of decisions and of the log are called, for pages that speak of them."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from sqlmodel import col, select

from crowd.models import DataSet, Project, Task
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Decision, Model, ModelVersion, Report

Names = Mapping[UUID, str]
Subject = tuple[str, UUID]


def subject_names(uow: UnitOfWork, subjects: Iterable[Subject]) -> Names:
    """Return the names of those subjects that have one; a query for each type."""
    by_type: dict[str, set[UUID]] = {}
    for kind, subject_id in subjects:
        by_type.setdefault(kind, set()).add(subject_id)
    found: dict[UUID, str] = {}
    for kind, ids in by_type.items():
        if kind in NAMERS:
            found.update(NAMERS[kind](uow, ids))
    return found


def subjects_called(uow: UnitOfWork, typed: str) -> set[UUID]:
    """Return everything that is called so: decisions and tasks of a case, a project, a model."""
    named = typed.strip()
    wanted = [
        select(Decision.id).where(col(Decision.case_ref) == named),
        select(Task.id).where(col(Task.external_id) == named),
        select(Project.id).where((col(Project.slug) == named) | (col(Project.title) == named)),
        select(Model.id).where(col(Model.name) == named),
    ]
    return {found for one in wanted for found in uow.session.exec(one)}


def person_of_case(uow: UnitOfWork, *, project_id: UUID, case_ref: str) -> UUID | None:
    """Return an id of the person whom a project knows by a case: of a decision or a task."""
    decision = select(Decision.id).where(
        Decision.project_id == project_id, Decision.case_ref == case_ref
    )
    task = select(Task.id).where(Task.project_id == project_id, Task.external_id == case_ref)
    return uow.session.exec(decision).first() or uow.session.exec(task).first()


def version_names(uow: UnitOfWork, version_ids: Iterable[UUID]) -> Names:
    """Return model versions' names, such as “follow-up version 2”."""
    rows = uow.session.exec(
        select(ModelVersion.id, Model.name, ModelVersion.number)
        .join(Model, col(Model.id) == col(ModelVersion.model_id))
        .where(col(ModelVersion.id).in_(set(version_ids)))
    )
    return {version_id: f"{name} version {number}" for version_id, name, number in rows}


def project_titles(uow: UnitOfWork, project_ids: Iterable[UUID]) -> Names:
    """Return the titles of projects."""
    wanted = col(Project.id).in_(set(project_ids))
    return dict(uow.session.exec(select(Project.id, Project.title).where(wanted)).all())


def _cases(uow: UnitOfWork, ids: set[UUID]) -> Names:
    rows = select(Decision.id, Decision.case_ref).where(col(Decision.id).in_(ids))
    return dict(uow.session.exec(rows).all())


def _models(uow: UnitOfWork, ids: set[UUID]) -> Names:
    return dict(uow.session.exec(select(Model.id, Model.name).where(col(Model.id).in_(ids))).all())


def _data_sets(uow: UnitOfWork, ids: set[UUID]) -> Names:
    rows = uow.session.exec(
        select(DataSet.id, DataSet.number, Project.title)
        .join(Project, col(Project.id) == col(DataSet.project_id))
        .where(col(DataSet.id).in_(ids))
    )
    return {data_set_id: f"version {number} of “{title}”" for data_set_id, number, title in rows}


def _reports(uow: UnitOfWork, ids: set[UUID]) -> Names:
    rows = uow.session.exec(select(Report).where(col(Report.id).in_(ids))).all()
    titles = project_titles(uow, (row.project_id for row in rows))
    versions = version_names(uow, (row.model_version_id for row in rows if row.model_version_id))
    return {
        row.id: versions[row.model_version_id]
        if row.model_version_id
        else f"the annotators of “{titles[row.project_id]}”"
        for row in rows
    }


NAMERS: dict[str, Callable[[UnitOfWork, set[UUID]], Names]] = {
    "project": project_titles,
    "decision": _cases,
    "model": _models,
    "model_version": version_names,
    "data_set": _data_sets,
    "report": _reports,
}
