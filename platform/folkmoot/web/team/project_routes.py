"""The addresses of projects: open one, see how far it is, and how far to trust it."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crowd.consensus_changes import as_csv, every_task, pair_since
from crowd.consensus_runs import cancel_run, request_consensus
from crowd.data_sets import request_data_set
from crowd.integrity import counted_integrity
from crowd.models import ProjectState
from crowd.projects import change_state, project_by_slug
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import InvalidInput
from folkmoot.web.files import as_file
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, unit_of_work
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.changes_page import changes_view_of
from folkmoot.web.team.project_list import CARDS, projects_view_of
from folkmoot.web.team.project_page import project_view_of
from folkmoot.web.team.refusals import refusals_told

STATE_CHANGED = {
    ProjectState.OPEN: "Annotators can label now.",
    ProjectState.PAUSED: "Nobody is given a task until you open it again; answers still arrive.",
    ProjectState.CLOSED: "The project is closed for good. Its labels stay.",
}


@blueprint.get("/projects")
@requires(Permission.READ_PROJECTS)
def projects() -> str:
    """Show the projects."""
    with reading() as uow:
        view = projects_view_of(uow, current_actor(), wanted=wanted_page(CARDS))
    return render_template("team/projects.html", **vars(view))


@blueprint.get("/projects/<slug>")
@requires(Permission.READ_PROJECTS)
def project(slug: str) -> str:
    """Show how far a project is."""
    with reading() as uow:
        view = project_view_of(uow, current_actor(), slug)
    return render_template("team/project.html", **vars(view))


@blueprint.post("/projects/<slug>/state")
@requires(Permission.MANAGE_PROJECTS)
def set_state(slug: str) -> ResponseReturnValue:
    """Open, pause or close a project."""
    state = _state_in(request.form.get("state", ""))
    with refusals_told(), unit_of_work() as uow:
        found = project_by_slug(uow, slug=slug)
        change_state(uow, current_actor(), project_id=found.id, state=state)
        flash(STATE_CHANGED[state], "good")
    return _to_project(slug)


@blueprint.post("/projects/<slug>/consensus")
@requires(Permission.MANAGE_PROJECTS)
def run_consensus(slug: str) -> ResponseReturnValue:
    """Ask for a consensus of all labels that there are."""
    method = request.form.get("method", "")
    with refusals_told(), unit_of_work() as uow:
        found = project_by_slug(uow, slug=slug)
        request_consensus(uow, current_actor(), project_id=found.id, method=method)
    return _to_project(slug)


@blueprint.post("/projects/<slug>/consensus/<uuid:run_id>/cancel")
@requires(Permission.MANAGE_PROJECTS)
def cancel_consensus(slug: str, run_id: UUID) -> ResponseReturnValue:
    """Break a consensus run off."""
    with refusals_told(), unit_of_work() as uow:
        run = cancel_run(uow, current_actor(), run_id=run_id)
        flash(f"Run {run.number} was broken off. Nothing of it is kept.", "good")
    return _to_project(slug)


@blueprint.get("/projects/<slug>/consensus/<uuid:run_id>")
@requires(Permission.READ_LABELS)
def consensus_changes(slug: str, run_id: UUID) -> str:
    """Show what a consensus run changed since the one before it."""
    since = request.args.get("since", type=UUID)
    with reading() as uow:
        view = changes_view_of(uow, slug=slug, run_id=run_id, since=since)
    return render_template("team/consensus_changes.html", **vars(view))


@blueprint.get("/projects/<slug>/consensus/<uuid:run_id>.csv")
@requires(Permission.READ_LABELS)
def consensus_changes_file(slug: str, run_id: UUID) -> Response:
    """Hand out every task of two runs with both answers."""
    since = request.args.get("since", type=UUID)
    with reading() as uow:
        project_by_slug(uow, slug=slug)
        pair = pair_since(uow, run_id=run_id, since=since)
        content = as_csv(every_task(uow, pair))
    name = f"run-{pair.before.number}-to-{pair.after.number}.csv"
    return as_file(Response(content, mimetype="text/csv"), name)


@blueprint.post("/projects/<slug>/data-sets")
@requires(Permission.EXPORT_DATA_SETS)
def export(slug: str) -> ResponseReturnValue:
    """Ask for the newest consensus to be written out, and go to where it will appear."""
    with refusals_told(), unit_of_work() as uow:
        found = project_by_slug(uow, slug=slug)
        asked = request_data_set(uow, current_actor(), project_id=found.id)
        return redirect(url_for("team.dataset", data_set_id=asked.id), HTTPStatus.SEE_OTHER)
    return _to_project(slug)


@blueprint.get("/projects/<slug>/recount")
@requires(Permission.READ_LABELS)
def recount(slug: str) -> str:
    """Recount a project's whole history for what must never have happened."""
    with reading() as uow:
        found = project_by_slug(uow, slug=slug)
        counted = counted_integrity(uow, project_id=found.id)
    return render_template("team/recount.html", project=found, counted=counted)


def _to_project(slug: str) -> ResponseReturnValue:
    return redirect(url_for("team.project", slug=slug), HTTPStatus.SEE_OTHER)


def _state_in(text: str) -> ProjectState:
    if text not in STATE_CHANGED:
        raise InvalidInput("A project can be opened, paused or closed.")
    return ProjectState(text)
