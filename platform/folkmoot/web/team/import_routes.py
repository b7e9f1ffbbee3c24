"""The addresses of a project's imports: send a file, watch it being read, see what was refused."""

from http import HTTPStatus
from typing import BinaryIO, cast
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from crowd.importing import cancel_import, import_by_id, problems_of, request_import
from crowd.projects import project_by_slug
from folkmoot.identity.access import current_actor, requires, taking_a_file
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.artifacts import chunks_of
from folkmoot.kernel.errors import DomainError, InvalidInput, NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.problems import STATUS_OF
from folkmoot.web.files import as_file
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, services, unit_of_work
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.import_page import IMPORTS, imports_view_of
from folkmoot.web.team.refusals import refusals_told


@blueprint.get("/projects/<slug>/imports")
@requires(Permission.MANAGE_PROJECTS)
def imports(slug: str) -> str:
    """Show the files of tasks, and how far each is read."""
    return _page(slug)


@blueprint.post("/projects/<slug>/imports")
@taking_a_file
@requires(Permission.MANAGE_PROJECTS)
def import_tasks(slug: str) -> ResponseReturnValue:
    """Take a file of tasks; a job reads it, and the page shows what became of its rows."""
    try:
        _request_import(slug)
    except DomainError as refusal:
        return _page(slug, import_error=refusal.message), STATUS_OF[type(refusal)]
    return _to_imports(slug)


@blueprint.post("/projects/<slug>/imports/<uuid:import_id>/cancel")
@requires(Permission.MANAGE_PROJECTS)
def break_off_import(slug: str, import_id: UUID) -> ResponseReturnValue:
    """Break an import off; the tasks that it has added stay."""
    with refusals_told(), unit_of_work() as uow:
        _check_project(uow, slug, import_id)
        cancel_import(uow, current_actor(), import_id=import_id)
        flash("The import is broken off. The tasks that it had added stay.", "good")
    return _to_imports(slug)


@blueprint.get("/projects/<slug>/imports/<uuid:import_id>/problems")
@requires(Permission.MANAGE_PROJECTS)
def import_problems(slug: str, import_id: UUID) -> Response:
    """Hand out every row that was refused or left out, by line and reason."""
    with reading() as uow:
        _check_project(uow, slug, import_id)
        found = problems_of(uow, services().artifacts, import_id=import_id)
    if isinstance(found, bytes):
        answer = Response(found, mimetype="text/csv")
    else:
        answer = send_file(found.absolute(), mimetype="text/csv")
    return as_file(answer, f"{slug}-problems.csv")


def _page(slug: str, *, import_error: str | None = None) -> str:
    with reading() as uow:
        view = imports_view_of(uow, slug, wanted=wanted_page(IMPORTS), import_error=import_error)
    return render_template("team/imports.html", **vars(view))


def _to_imports(slug: str) -> ResponseReturnValue:
    return redirect(url_for("team.imports", slug=slug), HTTPStatus.SEE_OTHER)


def _check_project(uow: UnitOfWork, slug: str, import_id: UUID) -> None:
    project = project_by_slug(uow, slug=slug)
    if import_by_id(uow, import_id=import_id).project_id != project.id:
        raise NotFound("There is no such import.")


def _request_import(slug: str) -> None:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InvalidInput("Choose a file of tasks first.")
    chunks = chunks_of(cast("BinaryIO", sent.stream))
    # On the disk before the transaction begins, which on SQLite would keep everybody waiting.
    with services().artifacts.receive(chunks) as file, unit_of_work() as uow:
        project_id = project_by_slug(uow, slug=slug).id
        request_import(
            uow, current_actor(), project_id=project_id, file_name=sent.filename, file=file
        )
