"""The addresses of the annotator's own page, and what they choose and contest there."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.erasure_requests import ask_for_erasure
from crowd.admission import flags_missing
from crowd.appeals import open_appeal
from crowd.earnings import ledger_of
from crowd.models import ContentFlag
from crowd.preferences import accept_flags, preferences_of, set_preferences
from crowd.settling import object_to_suspicion
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import NotFound
from folkmoot.problems import invalid_input
from folkmoot.web.annotator.label_page import offered_project
from folkmoot.web.annotator.ledger import csv_of, wanted_days
from folkmoot.web.annotator.me_page import me_view_of
from folkmoot.web.annotator.own_file import own_file_of
from folkmoot.web.annotator.routes import blueprint
from folkmoot.web.services import reading, unit_of_work
from folkmoot.web.team.refusals import refusals_told


class _Chosen(BaseModel):
    model_config = ConfigDict(frozen=True)

    flags: list[ContentFlag] = Field(max_length=len(ContentFlag))


@blueprint.get("/me")
@requires(Permission.LABEL)
def me() -> str:
    """Show what the annotator earned, and how their answers compare."""
    with reading() as uow:
        view = me_view_of(uow, current_actor(), before=wanted_days())
    return render_template("annotator/me.html", **vars(view))


@blueprint.get("/me/earnings.csv")
@requires(Permission.LABEL)
def earnings_csv() -> Response:
    """Hand out the whole pay ledger."""
    with reading() as uow:
        return csv_of(ledger_of(uow, annotator_id=current_actor().id))


@blueprint.get("/me/data.json")
@requires(Permission.LABEL)
def own_file() -> Response:
    """Hand out everything that is kept about the annotator."""
    with reading() as uow:
        return own_file_of(uow, current_actor())


@blueprint.post("/me/erasure-request")
@requires(Permission.LABEL)
def ask_to_be_erased() -> ResponseReturnValue:
    """Ask to be erased; an officer decides."""
    with refusals_told(), unit_of_work() as uow:
        ask_for_erasure(uow, current_actor())
        flash("An officer will decide, and until then all goes on as before.", "good")
    return _to_own_page("data")


@blueprint.post("/me/appeals")
@requires(Permission.LABEL)
def appeal() -> ResponseReturnValue:
    """Contest how an answer was judged, with a reason."""
    with refusals_told(), unit_of_work() as uow:
        reason = _typed("reason")
        open_appeal(uow, current_actor(), label_id=_id_in("label_id"), reason=reason)
        flash("A second person will look at this answer, and you will read here what came.", "good")
    return _to_own_page("judged")


@blueprint.post("/me/objections")
@requires(Permission.LABEL)
def objection() -> ResponseReturnValue:
    """Say what explains what was noticed."""
    with refusals_told(), unit_of_work() as uow:
        object_to_suspicion(
            uow,
            current_actor(),
            suspicion_id=_id_in("suspicion_id"),
            objection=_typed("objection"),
        )
        flash("Whoever settles this reads what you wrote.", "good")
    return _to_own_page("noticed")


@blueprint.post("/me/preferences")
@requires(Permission.LABEL)
def preferences() -> ResponseReturnValue:
    """Choose which sensitive content one may be given; what is not ticked is opted out of."""
    try:
        chosen = _Chosen.model_validate({"flags": request.form.getlist("flags")})
    except ValidationError as error:
        raise invalid_input(error, where="form") from error
    with unit_of_work() as uow:
        set_preferences(uow, current_actor(), accepted_flags=chosen.flags)
    flash("Your choice holds from now on.", "good")
    return _to_own_page("choices")


@blueprint.post("/label/<slug>/opt-in")
@requires(Permission.LABEL)
def opt_in(slug: str) -> ResponseReturnValue:
    """Opt in to the content of one project."""
    with unit_of_work() as uow:
        project, actor = offered_project(uow, slug), current_actor()
        accepted = preferences_of(uow, annotator_id=actor.id).accepted_flags
        accept_flags(uow, actor, flags=flags_missing(project.content_flags, accepted))
    flash("You may be given this content now. You can opt out again at “My work”.", "good")
    return redirect(url_for("annotator.projects"), HTTPStatus.SEE_OTHER)


def _typed(name: str) -> str:
    # A browser ends lines with two characters, which nobody has typed.
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _id_in(name: str) -> UUID:
    try:
        return UUID(request.form.get(name, ""))
    except ValueError as error:
        raise NotFound("There is no such answer or notice of yours.") from error


def _to_own_page(part: str) -> ResponseReturnValue:
    return redirect(url_for("annotator.me", _anchor=part), HTTPStatus.SEE_OTHER)
