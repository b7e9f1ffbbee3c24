"""The addresses where a project's rules and instructions are set, at first and afterwards."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crowd.pay_floor import make_exception
from crowd.projects import change_project, create_project, project_by_slug, write_instructions
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import DomainError, NotFound
from folkmoot.problems import STATUS_OF
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, unit_of_work
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.form_errors import errors_of
from folkmoot.web.team.instruction_pages import instructions_view_of
from folkmoot.web.team.project_form import ProjectForm
from folkmoot.web.team.project_settings import HISTORY_ROWS, form_view_of, settings_view_of
from folkmoot.web.team.refusals import refusals_told


@blueprint.get("/projects/new")
@requires(Permission.MANAGE_PROJECTS)
def project_new() -> str:
    """Show the form for a new project."""
    return render_template("team/project_new.html", **vars(form_view_of(ProjectForm.at_first())))


@blueprint.post("/projects/new")
@requires(Permission.MANAGE_PROJECTS)
def make_project() -> ResponseReturnValue:
    """Make a project as a draft, or show the form again with what is wrong."""
    form = ProjectForm.filled_in(request.form)
    try:
        with unit_of_work() as uow:
            made = create_project(uow, current_actor(), draft=form.draft())
    except DomainError as refusal:
        view = form_view_of(form, errors_of(refusal))
        return render_template("team/project_new.html", **vars(view)), STATUS_OF[type(refusal)]
    flash("The project is there, as a draft.", "good")
    return redirect(url_for("team.project", slug=made.slug), HTTPStatus.SEE_OTHER)


@blueprint.get("/projects/<slug>/settings")
@requires(Permission.MANAGE_PROJECTS)
def settings(slug: str) -> str:
    """Show a project's rules as a form, and who changed what when."""
    with reading() as uow:
        view = settings_view_of(uow, current_actor(), slug, wanted=wanted_page(HISTORY_ROWS))
    return render_template("team/project_settings.html", **vars(view))


@blueprint.post("/projects/<slug>/settings")
@requires(Permission.MANAGE_PROJECTS)
def change_settings(slug: str) -> ResponseReturnValue:
    """Change the rules that differ, or show the form again with what is wrong."""
    form = ProjectForm.filled_in(request.form)
    try:
        with unit_of_work() as uow:
            project_id = project_by_slug(uow, slug=slug).id
            change_project(uow, current_actor(), project_id=project_id, change=form.change())
    except NotFound:
        raise
    except DomainError as refusal:
        return _refused(slug, form, refusal), STATUS_OF[type(refusal)]
    flash("The rules are saved. They hold from the next task that is handed out.", "good")
    return redirect(url_for("team.settings", slug=slug), HTTPStatus.SEE_OTHER)


@blueprint.post("/projects/<slug>/pay-exception")
@requires(Permission.SET_POLICY)
def allow_pay(slug: str) -> ResponseReturnValue:
    """Let a project run under its declared floor of pay, for a reason that is recorded."""
    reason = request.form.get("reason", "").strip()
    with refusals_told(), unit_of_work() as uow:
        found = project_by_slug(uow, slug=slug)
        make_exception(uow, current_actor(), project_id=found.id, reason=reason)
        flash("The exception is recorded. The project can be opened.", "good")
    return redirect(url_for("team.project", slug=slug), HTTPStatus.SEE_OTHER)


@blueprint.get("/projects/<slug>/instructions")
@requires(Permission.MANAGE_PROJECTS)
def instructions(slug: str) -> str:
    """Show a version of the instructions as annotators see it, and the form that rewrites them."""
    version = request.args.get("version", type=int)
    with reading() as uow:
        view = instructions_view_of(uow, slug, version=version)
    return render_template("team/instructions.html", **vars(view))


@blueprint.post("/projects/<slug>/instructions")
@requires(Permission.MANAGE_PROJECTS)
def rewrite_instructions(slug: str) -> ResponseReturnValue:
    """Write the next version of the instructions."""
    text = request.form.get("instructions", "").replace("\r\n", "\n").strip()
    with refusals_told(), unit_of_work() as uow:
        found = project_by_slug(uow, slug=slug)
        write_instructions(uow, current_actor(), project_id=found.id, text=text)
        flash("Annotators read the new instructions from their next task on.", "good")
    return redirect(url_for("team.instructions", slug=slug), HTTPStatus.SEE_OTHER)


def _refused(slug: str, form: ProjectForm, refusal: DomainError) -> str:
    with reading() as uow:
        view = settings_view_of(
            uow,
            current_actor(),
            slug,
            wanted=wanted_page(HISTORY_ROWS),
            form=form,
            errors=errors_of(refusal),
        )
    return render_template("team/project_settings.html", **vars(view))
