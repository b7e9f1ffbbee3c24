"""Run a report: read, compute, store."""

from collections.abc import Callable
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.canonical import digest
from audit.recording import record
from audit.searching import log_head
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Report, ReportKind
from governance.reporting import report_by_id
from governance.reports import annotator_fairness, model_fairness
from governance.reports.content import ReportContent, ReportProblem

LOADERS: dict[ReportKind, Callable[[UnitOfWork, ArtifactStore, Report], ReportProblem]] = {
    ReportKind.MODEL_FAIRNESS: model_fairness.load,
    ReportKind.ANNOTATOR_FAIRNESS: annotator_fairness.load,
}


def load_report(uow: UnitOfWork, artifacts: ArtifactStore, *, report_id: UUID) -> ReportProblem:
    """Read what a report is computed from."""
    report = report_by_id(uow, report_id)
    return LOADERS[report.kind](uow, artifacts, report)


def store_report(uow: UnitOfWork, *, report_id: UUID, content: ReportContent) -> Report:
    """Store a finished report; a second run of the same job changes nothing."""
    report = uow.session.exec(
        select(Report).where(col(Report.id) == report_id).with_for_update()
    ).one()
    if report.state is WorkState.FINISHED:
        return report
    report.result = content.result
    report.figures = {**content.figures}
    report.digest = digest(_what_counts(report))
    report.log_size = log_head(uow).size
    report.state, report.finished_at = WorkState.FINISHED, clock.now()
    record(
        uow,
        PLATFORM,
        Action.REPORT_FINISHED,
        subject_type="report",
        subject_id=report.id,
        project_id=report.project_id,
        facts={"kind": report.kind.value, "digest": report.digest, "log_size": report.log_size},
    )
    return report


def _what_counts(report: Report) -> JsonObject:
    """Return what the digest covers: what was asked and what was found, not how it is drawn."""
    return {"definition": report.definition, "result": report.result}
