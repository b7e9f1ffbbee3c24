"""The annotator's addresses: pages for reading, and the calls that the labelling page makes."""

from flask import Blueprint, Response, make_response, render_template

from crowd.leasing import skip_lease
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.web.annotator import desk
from folkmoot.web.annotator.desk_bodies import (
    Change,
    Done,
    Heartbeat,
    NewAnswer,
    Release,
    Skip,
    Undo,
    WantedTask,
)
from folkmoot.web.annotator.label_page import instructions_view_of, label_view_of
from folkmoot.web.annotator.work_pages import projects_view_of
from folkmoot.web.bodies import as_json, body_of
from folkmoot.web.content_policy import content_policy
from folkmoot.web.services import reading, services, unit_of_work

blueprint = Blueprint("annotator", __name__)


@blueprint.get("/label")
@requires(Permission.LABEL)
def projects() -> str:
    """Show the projects to choose from."""
    with reading() as uow:
        view = projects_view_of(uow, current_actor())
    return render_template("annotator/projects.html", **vars(view))


@blueprint.get("/label/<slug>")
@requires(Permission.LABEL)
def label(slug: str) -> Response:
    """Show the labelling desk; its script fetches the tasks."""
    with reading() as uow:
        view = label_view_of(uow, current_actor(), slug)
    page = make_response(render_template("annotator/label.html", **vars(view)))
    # Only here may a picture come from elsewhere, and only from where the operator said.
    page.headers["Content-Security-Policy"] = content_policy(services().settings.image_origins)
    return page


@blueprint.get("/label/<slug>/instructions")
@requires(Permission.LABEL)
def instructions(slug: str) -> str:
    """Show a project's instructions on a page of their own."""
    with reading() as uow:
        view = instructions_view_of(uow, slug)
    return render_template("annotator/instructions.html", project=view)


@blueprint.post("/label/<slug>/next")
@requires(Permission.LABEL)
def next_task(slug: str) -> Response:
    """Hand out a task that the page does not have yet."""
    body = body_of(WantedTask)
    with unit_of_work() as uow:
        return as_json(desk.hand_task(uow, current_actor(), slug=slug, hold=body.hold))


# The calls below name a lease or a label, which says by itself what project it is of.


@blueprint.post("/label/<slug>/answers")
@requires(Permission.LABEL)
def answers(**_project: str) -> Response:
    """Take an answer; sent twice it counts once."""
    body = body_of(NewAnswer)
    with unit_of_work() as uow:
        return as_json(desk.take_answer(uow, current_actor(), body))


@blueprint.post("/label/<slug>/changes")
@requires(Permission.LABEL)
def changes(**_project: str) -> Response:
    """Take a new answer in the place of one that was taken back; sent twice it counts once."""
    body = body_of(Change)
    with unit_of_work() as uow:
        return as_json(desk.change_answer(uow, current_actor(), body))


@blueprint.post("/label/<slug>/undo")
@requires(Permission.LABEL)
def undo(**_project: str) -> Response:
    """Say whether an answer may be changed; it stays until another one arrives."""
    body = body_of(Undo)
    with reading() as uow:
        return as_json(desk.take_back(uow, current_actor(), label_id=body.label_id))


@blueprint.post("/label/<slug>/skip")
@requires(Permission.LABEL)
def skip(**_project: str) -> Response:
    """Pass on a task, with a reason that never counts against anyone."""
    body = body_of(Skip)
    with unit_of_work() as uow:
        skip_lease(uow, annotator_id=current_actor().id, lease_id=body.lease_id, reason=body.reason)
    return as_json(Done())


@blueprint.post("/label/<slug>/release")
@requires(Permission.LABEL)
def release(**_project: str) -> Response:
    """Take back tasks that were fetched ahead; their annotator rests."""
    body = body_of(Release)
    with unit_of_work() as uow:
        desk.give_back(uow, current_actor(), lease_ids=body.lease_ids)
    return as_json(Done())


@blueprint.post("/label/<slug>/beat")
@requires(Permission.LABEL)
def beat(**_project: str) -> Response:
    """Take a sign of life from the page: keep its tasks, count the time, say when to rest."""
    body = body_of(Heartbeat)
    with unit_of_work() as uow:
        return as_json(desk.take_sign_of_life(uow, current_actor(), body))
