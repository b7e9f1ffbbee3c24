"""The officer's addresses of the log: its health, its entries, what proves them."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.protected_reads import Way, fields_read, receipt_for, record_read
from audit.searching import (
    count_entries,
    entry_at,
    entry_detail,
    found_entries,
    log_health,
    receipt_of,
)
from crowd.projects import projects
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import JobName, request_job
from folkmoot.kernel.pagination import MOST_ROWS, PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.files import as_file
from folkmoot.web.officer.blueprint import blueprint
from folkmoot.web.officer.entry_page import entry_view_of
from folkmoot.web.officer.health_page import health_page_of
from folkmoot.web.officer.searching import LogFilters, search_of
from folkmoot.web.officer.telling import action_choices, lines_of
from folkmoot.web.paging import pagination_of, wanted_page
from folkmoot.web.services import reading, services, unit_of_work

# Nothing is counted beyond: a figure need not read the whole log.
MOST_COUNTED = 10_000
PROOF_TYPE = "text/plain; charset=utf-8"


@blueprint.get("/audit")
@requires(Permission.READ_LOG)
def log() -> str:
    """Show the entries that fit the search."""
    filters = LogFilters.from_query(request.args)
    with reading() as uow:
        search = search_of(uow, filters)
        page = found_entries(uow, search, wanted=wanted_page())
        health = log_health(uow)
        return render_template(
            "officer/log.html",
            size=health.size,
            pending=health.unsealed,
            entries=lines_of(uow, page.items),
            found=count_entries(uow, search, most=MOST_COUNTED + 1),
            most_counted=MOST_COUNTED,
            filters=filters,
            actions=action_choices(),
            projects=_project_choices(uow),
            page=pagination_of(page.mapped(str)),
        )


@blueprint.get("/audit/health")
@requires(Permission.READ_LOG)
def health() -> str:
    """Show how the log is."""
    policy = services().witness_policy
    with reading() as uow:
        view = health_page_of(
            uow,
            log_health(uow, policy=policy),
            policy=policy,
            verifier=services().log_key.verifier,
        )
        return render_template("officer/health.html", **vars(view))


@blueprint.post("/governance/verify")
@requires(Permission.READ_LOG)
def verify() -> ResponseReturnValue:
    """Ask for a check of the whole log, as a job."""
    return _ask_for(JobName.VERIFY_LOG, "The whole log is being checked")


@blueprint.post("/governance/reconcile")
@requires(Permission.READ_LOG)
def reconcile() -> ResponseReturnValue:
    """Ask for a comparison of the business rows with their entries, as a job."""
    return _ask_for(JobName.RECONCILE_LOG, "Rows and entries are being compared")


@blueprint.get("/audit/at/<int:index>")
@requires(Permission.READ_LOG)
def entry_at_index(index: int) -> ResponseReturnValue:
    """Lead to the entry of a number."""
    with reading() as uow:
        found = entry_at(uow, index=index)
    return redirect(url_for("officer.entry", entry_id=found.id), HTTPStatus.SEE_OTHER)


@blueprint.get("/audit/<uuid:entry_id>")
@requires(Permission.READ_LOG)
def entry(entry_id: UUID) -> str:
    """Show one entry and its proof, and those texts that were asked for within the last hour."""
    with reading() as uow:
        view = entry_view_of(
            uow,
            entry_id=entry_id,
            shown=fields_read(uow, current_actor(), entry_id=entry_id, way=Way.PAGE),
            policy=services().witness_policy,
            verifier=services().log_key.verifier,
        )
        return render_template("officer/entry.html", view=view)


@blueprint.post("/audit/<uuid:entry_id>/texts")
@requires(Permission.READ_LOG)
def show_texts(entry_id: UUID) -> ResponseReturnValue:
    """Record that the viewer reads the texts of an entry, and show them."""
    with unit_of_work() as uow:
        there = entry_detail(uow, entry_id=entry_id).disclosed
        if there:
            record_read(uow, current_actor(), entry_id=entry_id, fields=there, way=Way.PAGE)
    return redirect(url_for("officer.entry", entry_id=entry_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/audit/<uuid:entry_id>/receipt")
@requires(Permission.READ_LOG)
def receipt(entry_id: UUID) -> Response:
    """Hand out what proves an entry offline, without any text of a person."""
    with reading() as uow:
        policy = services().witness_policy
        found = receipt_of(uow, entry_id=entry_id, policy=policy, fields=())
    return as_file(jsonify(found), f"receipt-{entry_id}.json")


@blueprint.post("/audit/<uuid:entry_id>/receipt")
@requires(Permission.READ_LOG)
def disclosing_receipt(entry_id: UUID) -> Response:
    """Hand out a receipt that discloses the chosen texts, and record that."""
    with unit_of_work() as uow:
        found = receipt_for(
            uow,
            current_actor(),
            entry_id=entry_id,
            policy=services().witness_policy,
            fields=request.form.getlist("fields"),
        )
    return as_file(jsonify(found), f"receipt-{entry_id}.json")


@blueprint.get("/audit/<uuid:entry_id>/receipt.tlog-proof")
@requires(Permission.READ_LOG)
def proof_file(entry_id: UUID) -> Response:
    """Hand out the proof in the form of c2sp.org/tlog-proof, which holds no content."""
    with reading() as uow:
        policy = services().witness_policy
        found = receipt_of(uow, entry_id=entry_id, policy=policy, fields=())
    return as_file(
        Response(str(found["tlog_proof"]), content_type=PROOF_TYPE), f"{entry_id}.tlog-proof"
    )


def _ask_for(name: JobName, said: str) -> ResponseReturnValue:
    with unit_of_work() as uow:
        request_job(uow, name, subject_id=new_id(), requested_by=current_actor().id)
    flash(f"{said}; the result appears here within moments.", "good")
    return redirect(url_for("officer.health"), HTTPStatus.SEE_OTHER)


def _project_choices(uow: UnitOfWork) -> list[tuple[str, str]]:
    page = projects(uow, wanted=PageRequest(limit=MOST_ROWS))
    return [(project.slug, project.title) for project in page.items]
