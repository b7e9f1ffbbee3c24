"""Reports: fairness of a model, and of annotators."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.pagination import Page
from governance import reporting
from governance.models import Report, ReportKind
from governance.reporting import ReportDefinition

api = Api("reports")


class NewReport(BaseModel):
    """What a report is to measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ReportKind
    model_version_id: UUID | None = None
    definition: ReportDefinition


class ReportView(View):
    """A report: its definition, what it found, and how much of the log there was."""

    id: UUID
    project_id: UUID
    kind: ReportKind
    model_version_id: UUID | None
    definition: JsonObject
    state: WorkState
    result: JsonObject
    digest: str
    log_size: int
    created_at: datetime
    finished_at: datetime | None


@api.post(
    "/projects/<uuid:project_id>/reports",
    access=Permission.RUN_REPORTS,
    shows=ReportView,
    status=HTTPStatus.ACCEPTED,
)
def run_report(call: Call, project_id: UUID, body: NewReport) -> Report:
    """Run a report; a job computes it."""
    return reporting.request_report(
        call.uow,
        call.actor,
        project_id=project_id,
        kind=body.kind,
        model_version_id=body.model_version_id,
        definition=body.definition,
    )


@api.get(
    "/projects/<uuid:project_id>/reports",
    access=Permission.READ_REPORTS,
    shows=PageView[ReportView],
)
def list_reports(call: Call, project_id: UUID, query: PageQuery) -> Page[Report]:
    """List the reports of a project, the newest first."""
    return reporting.reports(call.uow, project_id=project_id, wanted=query.wanted)


@api.get("/reports/<uuid:report_id>", access=Permission.READ_REPORTS, shows=ReportView)
def get_report(call: Call, report_id: UUID) -> Report:
    """Return one report."""
    return reporting.report_by_id(call.uow, report_id)
