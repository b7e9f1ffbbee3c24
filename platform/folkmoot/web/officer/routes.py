"""The officer's addresses."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.actions import Action
from audit.canonical import canonical_bytes
from audit.searching import log_health, receipt_of
from crowd.projects import projects
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import JobName, request_job
from folkmoot.kernel.pagination import MOST_ROWS, PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.entry_page import entry_view_of
from folkmoot.web.officer.overview import overview_of
from folkmoot.web.officer.report_list import reports_view_of, request_from_form
from folkmoot.web.officer.report_page import (
    figure_of,
    file_name_of,
    report_view_of,
    what_was_digested,
)
from folkmoot.web.officer.searching import LogFilters, found_entries
from folkmoot.web.officer.telling import action_words, lines_of
from folkmoot.web.paging import pagination_of, wanted_page
from folkmoot.web.services import reading, services, unit_of_work
from governance.reporting import report_by_id

blueprint = Blueprint("officer", __name__)

# A drawing may style itself and nothing else; it is the only answer that may.
FIGURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@blueprint.get("/governance")
@requires(Permission.READ_LOG)
def overview() -> str:
    """Show whether the record holds, and what became of the decisions."""
    with reading() as uow:
        return render_template("officer/overview.html", **vars(overview_of(uow)))


@blueprint.post("/governance/verify")
@requires(Permission.READ_LOG)
def verify() -> ResponseReturnValue:
    """Ask for a check of the whole log, as a job."""
    with unit_of_work() as uow:
        request_job(uow, JobName.VERIFY_LOG, subject_id=new_id(), requested_by=current_actor().id)
    flash("The whole log is being checked; the result appears here within moments.", "good")
    return redirect(url_for("officer.overview"), HTTPStatus.SEE_OTHER)


@blueprint.get("/audit")
@requires(Permission.READ_LOG)
def log() -> str:
    """Show the entries that fit the search."""
    filters = LogFilters.from_query(request.args)
    with reading() as uow:
        page = found_entries(uow, filters, wanted=wanted_page())
        health = log_health(uow)
        return render_template(
            "officer/log.html",
            size=health.size,
            pending=health.unsealed,
            entries=lines_of(uow, page.items),
            filters=filters,
            actions=[(action.value, action_words(action)) for action in Action],
            projects=_project_choices(uow),
            page=pagination_of(page.mapped(str)),
        )


@blueprint.get("/audit/<uuid:entry_id>")
@requires(Permission.READ_LOG)
def entry(entry_id: UUID) -> str:
    """Show one entry and its proof."""
    with reading() as uow:
        view = entry_view_of(uow, entry_id=entry_id, verifier=services().log_key.verifier)
        return render_template("officer/entry.html", **vars(view))


@blueprint.get("/audit/<uuid:entry_id>/receipt")
@requires(Permission.READ_LOG)
def receipt(entry_id: UUID) -> Response:
    """Hand out what proves an entry offline."""
    wanted = request.args.get("fields")
    with reading() as uow:
        found = receipt_of(
            uow,
            entry_id=entry_id,
            policy=services().witness_policy,
            # Texts to disclose, by name and with commas between; all where nothing is said.
            fields=None if wanted is None else [name for name in wanted.split(",") if name],
        )
        return as_file(jsonify(found), f"receipt-{entry_id}.json")


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


def as_file(answer: Response, name: str) -> Response:
    """Have the browser keep an answer as a file."""
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _reports_page(*, error: str | None = None, chosen: str = "") -> str:
    with reading() as uow:
        view = reports_view_of(uow, wanted=wanted_page())
    return render_template("officer/reports.html", **vars(view), error=error, chosen=chosen)


def _project_choices(uow: UnitOfWork) -> list[tuple[str, str]]:
    page = projects(uow, wanted=PageRequest(limit=MOST_ROWS))
    return [(project.slug, project.title) for project in page.items]
