"""The addresses of appeals: of one project, and of all of them, for whoever may decide."""

from http import HTTPStatus
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import JsonValue, TypeAdapter, ValidationError

from crowd.appeal_decisions import decide_appeal
from crowd.appeals import appeal_by_id
from crowd.models import Appeal, AppealState
from crowd.projects import project_by_id
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, unit_of_work
from folkmoot.web.team.appeal_pages import appeals_view_of
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.refusals import refusals_told

_CASES = 10
_ANSWER: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_TOLD = {
    AppealState.UPHELD: "Upheld. The known answer is corrected, and everyone is counted anew.",
    AppealState.REJECTED: "Rejected. The annotator reads your reason.",
}


@blueprint.get("/appeals")
@requires(Permission.DECIDE_APPEALS)
def appeals() -> str:
    """Show what annotators contest, in all projects."""
    return _page(None)


@blueprint.get("/projects/<slug>/appeals")
@requires(Permission.DECIDE_APPEALS)
def project_appeals(slug: str) -> str:
    """Show what annotators contest in one project."""
    return _page(slug)


@blueprint.post("/appeals/<uuid:appeal_id>/decision")
@requires(Permission.DECIDE_APPEALS)
def decide(appeal_id: UUID) -> ResponseReturnValue:
    """Uphold an appeal with what is right, or reject it."""
    with refusals_told(), unit_of_work() as uow:
        appeal = _decide(uow, appeal_id)
        flash(_TOLD[appeal.state], "good")
    return redirect(_back_to(appeal_id), HTTPStatus.SEE_OTHER)


def _page(slug: str | None) -> str:
    text = request.args.get("state", AppealState.OPEN.value)
    state = AppealState(text) if text in set(AppealState) else AppealState.OPEN
    with reading() as uow:
        view = appeals_view_of(uow, current_actor(), slug, state=state, wanted=wanted_page(_CASES))
    return render_template("team/appeals.html", **vars(view))


def _decide(uow: UnitOfWork, appeal_id: UUID) -> Appeal:
    choice = request.form.get("choice", "")
    is_rejected = choice == "reject"
    return decide_appeal(
        uow,
        current_actor(),
        appeal_id=appeal_id,
        outcome=AppealState.REJECTED if is_rejected else AppealState.UPHELD,
        reason=request.form.get("reason", ""),
        gold_after=None if is_rejected else _gold_in(choice),
    )


def _gold_in(choice: str) -> Json | None:
    """Return the right answer that was chosen, or None where the task is to be gold no longer."""
    match choice:
        case "theirs":
            return _answer_in("theirs")
        case "other":
            return _answer_in("other")
        case "drop":
            return None
    raise InvalidInput("Choose what is right: one of the answers, none of them, or the known one.")


def _answer_in(field: str) -> Json:
    try:
        return _ANSWER.validate_json(request.form.get(field, ""))
    except ValidationError as error:
        raise InvalidInput("The right answer cannot be read: write it as the example.") from error


def _back_to(appeal_id: UUID) -> str:
    if request.form.get("within") != "project":
        return url_for("team.appeals")
    with reading() as uow:
        appeal = appeal_by_id(uow, appeal_id=appeal_id)
        slug = project_by_id(uow, project_id=appeal.project_id).slug
    return url_for("team.project_appeals", slug=slug)
