"""The addresses of a project's annotators: how they do, and what was noticed of them."""

from http import HTTPStatus
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crowd.models import SuspicionState, WatchAction
from crowd.settling import Settlement, settle_suspicion
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import InvalidInput
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, unit_of_work
from folkmoot.web.team.annotator_pages import annotators_view_of
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.refusals import refusals_told

_SETTLED = {
    SuspicionState.CLEARED: "Cleared. The annotator reads it, and goes on as before.",
    SuspicionState.CONFIRMED: "Confirmed. The annotator reads what follows from it.",
}


@blueprint.get("/projects/<slug>/annotators")
@requires(Permission.READ_LABELS)
def annotators(slug: str) -> str:
    """Show a project's annotators, and what waits for a person."""
    with reading() as uow:
        view = annotators_view_of(uow, current_actor(), slug, wanted=wanted_page())
    return render_template("team/annotators.html", **vars(view))


@blueprint.post("/projects/<slug>/suspicions/<uuid:suspicion_id>/settle")
@requires(Permission.DECIDE_APPEALS)
def settle(slug: str, suspicion_id: UUID) -> ResponseReturnValue:
    """Clear or confirm what was noticed of an annotator."""
    with refusals_told(), unit_of_work() as uow:
        outcome = _outcome_in(request.form.get("outcome", ""))
        settle_suspicion(
            uow,
            current_actor(),
            suspicion_id=suspicion_id,
            outcome=outcome,
            note=request.form.get("note", ""),
            follows=_action_in(request.form.get("follows", "")),
        )
        flash(_SETTLED[outcome], "good")
    return redirect(url_for("team.annotators", slug=slug), HTTPStatus.SEE_OTHER)


def _outcome_in(text: str) -> Settlement:
    if text == SuspicionState.CLEARED.value:
        return SuspicionState.CLEARED
    if text == SuspicionState.CONFIRMED.value:
        return SuspicionState.CONFIRMED
    raise InvalidInput("What was noticed can be cleared or confirmed.")


def _action_in(text: str) -> WatchAction | None:
    return WatchAction(text) if text in set(WatchAction) else None
