"""The officer's addresses: the overview and the reports."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.canonical import canonical_bytes
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import DomainError
from folkmoot.web.files import as_file
from folkmoot.web.officer.blueprint import blueprint
from folkmoot.web.officer.overview import overview_of
from folkmoot.web.officer.report_list import reports_view_of, request_from_form
from folkmoot.web.officer.report_page import (
    figure_of,
    file_name_of,
    report_view_of,
    what_was_digested,
)
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, unit_of_work
from governance.reporting import report_by_id

# A drawing may style itself and nothing else; it is the only answer that may.
FIGURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@blueprint.get("/governance")
@requires(Permission.READ_LOG)
def overview() -> str:
    """Show whether the record holds, and what became of the decisions."""
    with reading() as uow:
        return render_template("officer/overview.html", **vars(overview_of(uow)))


@blueprint.get("/governance/reports")
@requires(Permission.READ_REPORTS)
def reports() -> str:
    """Show the runs, and the form for another one."""
    return _reports_page()


@blueprint.post("/governance/reports")
@requires(Permission.RUN_REPORTS)
def start_report() -> ResponseReturnValue:
    """Ask for a report, and go to where it will appear."""
    subject = request.form.get("subject", "")
    try:
        with unit_of_work() as uow:
            asked = request_from_form(uow, current_actor(), subject)
    except DomainError as refusal:
        return _reports_page(error=refusal.message, chosen=subject), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(url_for("officer.report", report_id=asked.id), HTTPStatus.SEE_OTHER)


@blueprint.get("/governance/reports/<uuid:report_id>")
@requires(Permission.READ_REPORTS)
def report(report_id: UUID) -> str:
    """Show one report."""
    with reading() as uow:
        view = report_view_of(uow, report_by_id(uow, report_id))
    return render_template("officer/report.html", **vars(view))


@blueprint.get("/governance/reports/<uuid:report_id>/figures.json")
@requires(Permission.READ_REPORTS)
def report_figures(report_id: UUID) -> Response:
    """Hand out exactly the bytes that the report's digest covers."""
    with reading() as uow:
        found = report_by_id(uow, report_id)
    content = canonical_bytes(what_was_digested(found))
    return as_file(Response(content, mimetype="application/json"), file_name_of(found))


@blueprint.get("/governance/reports/<uuid:report_id>/figures/<name>.svg")
@requires(Permission.READ_REPORTS)
def figure(report_id: UUID, name: str) -> Response:
    """Hand out one picture of a report."""
    with reading() as uow:
        drawn = figure_of(report_by_id(uow, report_id), name)
    answer = Response(drawn, mimetype="image/svg+xml")
    answer.headers["Content-Security-Policy"] = FIGURE_POLICY
    return answer


def _reports_page(*, error: str | None = None, chosen: str = "") -> str:
    with reading() as uow:
        view = reports_view_of(uow, wanted=wanted_page())
    return render_template("officer/reports.html", **vars(view), error=error, chosen=chosen)
