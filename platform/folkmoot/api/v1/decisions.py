"""Decisions and reviews: what a model proposes, and what humans make of it."""

from http import HTTPStatus
from uuid import UUID

from audit.promises import promise_of
from folkmoot.api.operations import Api, Call, PageQuery, PageView
from folkmoot.api.v1.decisions_schemas import (
    ActView,
    BatchView,
    CaseView,
    DecisionQuery,
    DecisionView,
    NewCases,
    NewReview,
    NextCase,
)
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.pagination import Page
from governance import decisions, review
from governance.models import Decision, DecisionBatch

api = Api("decisions")


@api.post(
    "/models/<uuid:model_id>/decisions",
    access=Permission.SUBMIT_DECISIONS,
    shows=BatchView,
    status=HTTPStatus.ACCEPTED,
)
def submit_cases(call: Call, model_id: UUID, body: NewCases) -> DecisionBatch:
    """Submit cases to the active version: each is released, or held for a human."""
    return decisions.submit_cases(call.uow, call.actor, model_id=model_id, cases=body.cases)


@api.get("/decision-batches/<uuid:batch_id>", access=Permission.READ_DECISIONS, shows=BatchView)
def get_batch(call: Call, batch_id: UUID) -> DecisionBatch:
    """Return how far a batch of cases is."""
    return decisions.batch_by_id(call.uow, batch_id)


@api.get(
    "/projects/<uuid:project_id>/decisions",
    access=Permission.READ_DECISIONS,
    shows=PageView[DecisionView],
)
def list_decisions(call: Call, project_id: UUID, query: DecisionQuery) -> Page[Decision]:
    """List the decisions of a project, those of one state if asked."""
    return decisions.decisions(
        call.uow, project_id=project_id, state=query.state, wanted=query.wanted
    )


@api.get("/decisions/<uuid:decision_id>", access=Permission.READ_DECISIONS, shows=DecisionView)
def get_decision(call: Call, decision_id: UUID) -> Decision:
    """Return one decision and what became of it."""
    return decisions.decision_by_id(call.uow, decision_id)


@api.get("/reviews/queue", access=Permission.REVIEW, shows=PageView[DecisionView])
def review_queue(call: Call, query: PageQuery) -> Page[Decision]:
    """List the held decisions that wait for a human, the most urgent first."""
    return review.queue(call.uow, wanted=query.wanted)


@api.post("/reviews/next", access=Permission.REVIEW, shows=NextCase)
def claim_next_case(call: Call) -> dict[str, Decision | None]:
    """Claim the most urgent held decision that nobody else has claimed."""
    return {"decision": review.claim_next(call.uow, call.actor)}


@api.post("/decisions/<uuid:decision_id>/views", access=Permission.REVIEW, shows=CaseView)
def show_case(call: Call, decision_id: UUID) -> dict[str, object]:
    """Show a case to you: what is shown, and from when, is recorded."""
    case = review.show_case(call.uow, call.actor, decision_id=decision_id)
    return {
        "case_view_id": case.view.id,
        "shown_digest": case.digest,
        "shown_at": case.view.shown_at,
        "shown": case.shown,
        "decision": case.decision,
    }


@api.post("/decisions/<uuid:decision_id>/reviews", access=Permission.REVIEW, shows=ActView)
def review_decision(call: Call, decision_id: UUID, body: NewReview) -> dict[str, object]:
    """Confirm, override, disregard or reverse a decision."""
    act = review.review_decision(
        call.uow,
        call.actor,
        decision_id=decision_id,
        case_view_id=body.case_view_id,
        act=body.act,
        answer=body.answer,
        reason_codes=body.reason_codes,
        reason_text=body.reason_text,
    )
    promise = promise_of(call.uow, call.services.log_key, entry_id=act.audit_entry_id)
    return {**act.model_dump(), "receipt": promise}
