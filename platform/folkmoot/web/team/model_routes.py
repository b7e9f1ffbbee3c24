"""The addresses of models: train, compare, let act."""

from http import HTTPStatus
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import DomainError
from folkmoot.problems import STATUS_OF
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, unit_of_work
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.model_list import models_view_of
from folkmoot.web.team.model_page import model_view_of
from folkmoot.web.team.refusals import refusals_told
from folkmoot.web.team.training_form import first_version_from, next_version_from, numbered_version
from governance.registry import promote_version


@blueprint.get("/models")
@requires(Permission.READ_MODELS)
def models() -> str:
    """Show the models of all projects."""
    return _models_page()


@blueprint.post("/models")
@requires(Permission.TRAIN_MODELS)
def new_model() -> ResponseReturnValue:
    """Make a model and ask for its first version."""
    name = request.form.get("name", "").strip()
    try:
        with unit_of_work() as uow:
            version = first_version_from(uow, current_actor(), request.form)
    except DomainError as refusal:
        return _models_page(typed=name, error=refusal.message), STATUS_OF[type(refusal)]
    return _to_model(version.model_id)


@blueprint.get("/models/<uuid:model_id>")
@requires(Permission.READ_MODELS)
def model(model_id: UUID) -> str:
    """Show one model and its versions."""
    with reading() as uow:
        view = model_view_of(uow, current_actor(), model_id=model_id)
    return render_template("team/model.html", **vars(view))


@blueprint.post("/models/<uuid:model_id>/versions")
@requires(Permission.TRAIN_MODELS)
def train(model_id: UUID) -> ResponseReturnValue:
    """Ask for the next version; it is compared with the one that acts."""
    with refusals_told(), unit_of_work() as uow:
        next_version_from(uow, current_actor(), request.form, model_id=model_id)
    return _to_model(model_id)


@blueprint.post("/models/<uuid:model_id>/versions/<int:number>/promotion")
@requires(Permission.PROMOTE_MODELS)
def promote(model_id: UUID, number: int) -> ResponseReturnValue:
    """Let a version act that somebody else asked for."""
    with refusals_told(), unit_of_work() as uow:
        version = numbered_version(uow, model_id=model_id, number=number)
        promote_version(uow, current_actor(), version_id=version.id)
        flash(f"Version {number} decides from now on. It is recorded under your name.", "good")
    return _to_model(model_id)


def _models_page(*, typed: str = "", error: str | None = None) -> str:
    with reading() as uow:
        view = models_view_of(uow, current_actor(), wanted=wanted_page(), typed=typed, error=error)
    return render_template("team/models.html", **vars(view))


def _to_model(model_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("team.model", model_id=model_id), HTTPStatus.SEE_OTHER)
