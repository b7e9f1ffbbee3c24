"""The reviewer's addresses."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.searching import receipt_of
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import Conflict, DomainError, NotFound
from folkmoot.problems import STATUS_OF
from folkmoot.web.paging import wanted_page
from folkmoot.web.reviewer.act_form import review_as_typed, typed_in
from folkmoot.web.reviewer.case_page import Typed, case_view_of
from folkmoot.web.reviewer.oversight_page import oversight_view_of
from folkmoot.web.reviewer.queue_page import QueueFilters, chosen_project, queue_view_of
from folkmoot.web.services import reading, unit_of_work
from governance.review import claim_next, release_claim, reviews_of, show_case

blueprint = Blueprint("reviewer", __name__, url_prefix="/review")


@blueprint.get("")
@requires(Permission.REVIEW)
def queue() -> str:
    """Show what waits for a human."""
    filters = QueueFilters.from_query(request.args)
    with reading() as uow:
        view = queue_view_of(uow, current_actor(), filters=filters, wanted=wanted_page())
    return render_template("reviewer/queue.html", **vars(view))


@blueprint.get("/next")
@requires(Permission.REVIEW)
def next_case() -> ResponseReturnValue:
    """Claim the most urgent case, and go to it."""
    filters = QueueFilters.from_query(request.args)
    with unit_of_work() as uow:
        claimed = claim_next(uow, current_actor(), project_id=chosen_project(uow, filters))
    if claimed is None:
        flash("Nothing waits that a colleague does not have already.", "good")
        return redirect(url_for("reviewer.queue"))
    return redirect(url_for("reviewer.case", decision_id=claimed.id))


@blueprint.get("/oversight")
@requires(Permission.REVIEW)
def oversight() -> str:
    """Show a reviewer how they decide."""
    with reading() as uow:
        return render_template(
            "reviewer/oversight.html", **vars(oversight_view_of(uow, current_actor()))
        )


@blueprint.get("/<uuid:decision_id>")
@requires(Permission.REVIEW)
def case(decision_id: UUID) -> ResponseReturnValue:
    """Show a case, which claims it; seeing it is recorded."""
    try:
        return _case_page(decision_id, just_recorded=_recorded())
    except Conflict as refusal:
        flash(refusal.message, "warn")
        return redirect(url_for("reviewer.queue"))


@blueprint.post("/<uuid:decision_id>")
@requires(Permission.REVIEW)
def decide(decision_id: UUID) -> ResponseReturnValue:
    """Act on a case; what is refused is shown again with what was typed."""
    typed = typed_in(request.form)
    try:
        with unit_of_work() as uow:
            review = review_as_typed(uow, current_actor(), decision_id=decision_id, typed=typed)
    except DomainError as refusal:
        return _refused(decision_id, typed, refusal)
    done = url_for("reviewer.case", decision_id=decision_id, recorded=review.id)
    return redirect(done, HTTPStatus.SEE_OTHER)


@blueprint.post("/<uuid:decision_id>/release")
@requires(Permission.REVIEW)
def give_back(decision_id: UUID) -> ResponseReturnValue:
    """Give a case back to the queue without deciding it."""
    with unit_of_work() as uow:
        release_claim(uow, current_actor(), decision_id=decision_id)
    flash("The case is back in the queue.", "good")
    return redirect(url_for("reviewer.queue"), HTTPStatus.SEE_OTHER)


@blueprint.get("/<uuid:decision_id>/receipt/<uuid:review_id>")
@requires(Permission.REVIEW)
def receipt(decision_id: UUID, review_id: UUID) -> Response:
    """Hand out what proves one's own act offline."""
    with reading() as uow:
        acts = {each.id: each for each in reviews_of(uow, decision_id)}
        if review_id not in acts or acts[review_id].reviewer_id != current_actor().id:
            raise NotFound("You have no such act on this decision.")
        answer = jsonify(receipt_of(uow, entry_id=acts[review_id].audit_entry_id))
    answer.headers["Content-Disposition"] = f'attachment; filename="receipt-{review_id}.json"'
    return answer


def _case_page(
    decision_id: UUID,
    *,
    error: str | None = None,
    typed: Typed | None = None,
    just_recorded: UUID | None = None,
) -> str:
    actor = current_actor()
    with unit_of_work() as uow:
        shown = show_case(uow, actor, decision_id=decision_id)
    with reading() as uow:
        view = case_view_of(
            uow, actor, shown, error=error, typed=typed, just_recorded=just_recorded
        )
    return render_template("reviewer/case.html", **vars(view))


def _refused(decision_id: UUID, typed: Typed, refusal: DomainError) -> ResponseReturnValue:
    try:
        page = _case_page(decision_id, error=refusal.message, typed=typed)
    except Conflict:
        # A colleague has the case by now; a text that took minutes to write must not be lost.
        flash(f"{refusal.message} What you wrote: {typed.reason_text}", "bad")
        return redirect(url_for("reviewer.queue"), HTTPStatus.SEE_OTHER)
    return page, STATUS_OF[type(refusal)]


def _recorded() -> UUID | None:
    try:
        return UUID(request.args.get("recorded", ""))
    except ValueError:
        return None
