"""Reports: asked for with a definition, run as a job, kept with a digest and the log's size."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.models import Project
from crowd.projects import project_by_id
from crowd.task_types import nominal_type_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from folkmoot.kernel.outbox import JobName, WorkState, request_job
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.grouping import GroupField, group_fields_of
from governance.models import Report, ReportKind
from governance.registry import model_by_id, version_by_id

ClassName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ReportDefinition(BaseModel):
    """What a report compares, declared before it runs.

    Without `attributes` the project's own group fields are taken; `positive` is the answer whose
    rate is compared, the schema's first unless told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attributes: tuple[GroupField, ...] = Field(default=(), max_length=6)
    intersections: bool = True
    positive: ClassName | None = None
    smallest_group: int = Field(default=30, ge=5, le=100_000)
    fewest_people: int = Field(default=5, ge=2, le=100_000)


def request_report(
    uow: UnitOfWork,
    actor: Actor,
    *,
    kind: ReportKind,
    project_id: UUID,
    model_version_id: UUID | None = None,
    definition: ReportDefinition,
) -> Report:
    """Ask for a report; its definition is stored in full, with nothing left to a default."""
    project = project_by_id(uow, project_id=project_id)
    _refuse_wrong_subject(uow, kind, project_id, model_version_id)
    full = _completed(definition, project)
    report = Report(
        project_id=project_id,
        kind=kind,
        model_version_id=model_version_id,
        definition=full.model_dump(mode="json"),
        state=WorkState.REQUESTED,
        requested_by=actor.id,
        created_at=clock.now(),
    )
    uow.session.add(report)
    request_job(uow, JobName.RUN_REPORT, subject_id=report.id, requested_by=actor.id)
    record(
        uow,
        actor,
        Action.REPORT_REQUESTED,
        subject_type="report",
        subject_id=report.id,
        project_id=project_id,
        facts={
            "kind": kind.value,
            "model_version": None if model_version_id is None else str(model_version_id),
            "definition": report.definition,
        },
    )
    return report


def report_by_id(uow: UnitOfWork, report_id: UUID) -> Report:
    """Return a report, or refuse."""
    report = uow.session.get(Report, report_id)
    if report is None:
        raise NotFound("There is no such report.")
    return report


def reports(
    uow: UnitOfWork,
    *,
    wanted: PageRequest,
    project_id: UUID | None = None,
    kind: ReportKind | None = None,
    model_version_id: UUID | None = None,
) -> Page[Report]:
    """Return a page of reports, the newest first."""
    statement = select(Report)
    if project_id is not None:
        project_by_id(uow, project_id=project_id)
        statement = statement.where(col(Report.project_id) == project_id)
    if kind is not None:
        statement = statement.where(col(Report.kind) == kind)
    if model_version_id is not None:
        statement = statement.where(col(Report.model_version_id) == model_version_id)
    return page_by_id(uow, statement, key=Report.id, wanted=wanted, newest_first=True)


def _refuse_wrong_subject(
    uow: UnitOfWork, kind: ReportKind, project_id: UUID, model_version_id: UUID | None
) -> None:
    if kind is not ReportKind.MODEL_FAIRNESS:
        if model_version_id is not None:
            raise _bad_field("/model_version_id", "This report is not about a model version.")
        return
    if model_version_id is None:
        raise _bad_field("/model_version_id", "Say which model version the report is about.")
    version = version_by_id(uow, model_version_id)
    if model_by_id(uow, version.model_id).project_id != project_id:
        raise NotFound("This project has no such model version.")
    if not version.artifact_digest:
        raise Conflict(f"Version {version.number} is not trained yet.")


def _completed(definition: ReportDefinition, project: Project) -> ReportDefinition:
    classes = nominal_type_of(project.task_type).classes(project.answer_schema)
    attributes = definition.attributes or group_fields_of(project)
    if not attributes:
        raise _bad_field("/definition/attributes", "Name at least one field to compare groups by.")
    if len({attribute.field for attribute in attributes}) < len(attributes):
        raise _bad_field("/definition/attributes", "A field is named twice.")
    positive = definition.positive or classes[0]
    if positive not in classes:
        raise _bad_field("/definition/positive", f"Choose one of: {', '.join(classes)}.")
    return definition.model_copy(update={"attributes": attributes, "positive": positive})


def _bad_field(pointer: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields=[FieldProblem(pointer, sentence)])
