"""The list of report runs, and the form that asks for another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crowd.models import ProjectState
from crowd.projects import project_by_id, projects
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.pagination import MOST_ROWS, PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.conclusions import verdict_of
from folkmoot.web.paging import Pagination, pagination_of
from governance.models import Report, ReportKind
from governance.naming import project_titles, subject_names
from governance.registry import model_by_id, models, version_by_id, versions_of
from governance.reporting import ReportDefinition, reports, request_report

STATES = {WorkState.REQUESTED: "running", WorkState.FINISHED: "done", WorkState.FAILED: "failed"}
TITLES = {
    ReportKind.MODEL_FAIRNESS: "Fairness of {name}",
    ReportKind.ANNOTATOR_FAIRNESS: "Answers of the annotators",
}


@dataclass(frozen=True)
class RunView:
    """One run as a line."""

    id: str
    title: str
    project_title: str
    log_size: int
    created_at: datetime
    state: str
    verdict: str
    tone: str


@dataclass(frozen=True)
class ReportsView:
    """The runs, and what can be measured: (value, text) pairs."""

    runs: Sequence[RunView]
    subjects: Sequence[tuple[str, str]]
    page: Pagination


def reports_view_of(uow: UnitOfWork, *, wanted: PageRequest) -> ReportsView:
    """Read a page of the runs."""
    page = reports(uow, wanted=wanted)
    names = subject_names(uow, [("report", row.id) for row in page.items])
    titles = project_titles(uow, {row.project_id for row in page.items})
    runs = [_run(row, names[row.id], titles[row.project_id]) for row in page.items]
    return ReportsView(runs, _subjects(uow), pagination_of(page.mapped(str)))


def title_of(report: Report, name: str) -> str:
    """Return a report's title from the name of what it is about."""
    return TITLES[report.kind].format(name=name)


def request_from_form(uow: UnitOfWork, actor: Actor, subject: str) -> Report:
    """Ask for the report that the form's choice stands for."""
    kind, _, identity = subject.partition(":")
    subject_id = _identity(identity)
    if kind == ReportKind.ANNOTATOR_FAIRNESS:
        project_id, version_id = project_by_id(uow, project_id=subject_id).id, None
    else:
        version_id = subject_id
        project_id = model_by_id(uow, version_by_id(uow, version_id).model_id).project_id
    return request_report(
        uow,
        actor,
        kind=ReportKind.MODEL_FAIRNESS if version_id else ReportKind.ANNOTATOR_FAIRNESS,
        project_id=project_id,
        model_version_id=version_id,
        definition=ReportDefinition(),
    )


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("Choose what the report is to measure.") from error


def _run(report: Report, name: str, project_title: str) -> RunView:
    is_done = report.state is WorkState.FINISHED
    return RunView(
        id=str(report.id),
        title=title_of(report, name),
        project_title=project_title,
        log_size=report.log_size,
        created_at=report.created_at,
        state=STATES[report.state],
        verdict=verdict_of(report).verdict if is_done else "",
        tone=verdict_of(report).tone if is_done else "",
    )


def _subjects(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Return everything that can be measured now: trained versions, then projects' annotators."""
    everything = PageRequest(limit=MOST_ROWS)
    versions = [
        (
            f"{ReportKind.MODEL_FAIRNESS}:{version.id}",
            f"Fairness of {model.name} version {version.number}",
        )
        for model in models(uow, wanted=everything).items
        for version in versions_of(uow, model.id)
        if version.artifact_digest
    ]
    annotators = [
        (
            f"{ReportKind.ANNOTATOR_FAIRNESS}:{project.id}",
            f"Answers of the annotators of “{project.title}”",
        )
        for project in projects(uow, wanted=everything).items
        if project.state is not ProjectState.DRAFT and project.group_fields
    ]
    return versions + annotators
