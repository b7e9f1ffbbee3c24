"""The addresses of a project's tasks."""

from uuid import UUID

from flask import render_template, request

from folkmoot.identity.access import requires
from folkmoot.identity.permissions import Permission
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.task_pages import task_view_of, tasks_view_of


@blueprint.get("/projects/<slug>/tasks")
@requires(Permission.READ_LABELS)
def tasks(slug: str) -> str:
    """Show the tasks that fit the search."""
    state, search = request.args.get("state", ""), request.args.get("search", "")
    with reading() as uow:
        view = tasks_view_of(uow, slug=slug, state=state, search=search, wanted=wanted_page())
    return render_template("team/tasks.html", **vars(view))


@blueprint.get("/projects/<slug>/tasks/<uuid:task_id>")
@requires(Permission.READ_LABELS)
def task(slug: str, task_id: UUID) -> str:
    """Show one task with every label and what was made of them."""
    with reading() as uow:
        view = task_view_of(uow, slug=slug, task_id=task_id)
    return render_template("team/task.html", **vars(view))
