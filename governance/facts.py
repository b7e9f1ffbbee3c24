"""What the log holds of decisions and reviews: made from the rows, so that rows can be checked.

`governance.claims` makes the same facts again later: a row that was edited no longer fits.
"""

from datetime import UTC, datetime
from uuid import UUID

from audit.canonical import digest
from audit.verdicts import ERASED
from crowd.erasing import erased_ref
from folkmoot.kernel.json_values import Json, JsonObject
from governance.models import CaseView, Decision, Review

# Holds the place of an entry's id until it is recorded; the foreign key refuses to store it.
NOT_YET_RECORDED = UUID(int=0)


def moment_text(moment: datetime) -> str:
    """Return a moment as an entry holds it, the same from every database."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def is_erased(decision: Decision) -> bool:
    """Say whether it is no longer known about whom a decision was."""
    return decision.case_ref == erased_ref(decision.id)


def decision_facts(decision: Decision) -> JsonObject:
    """Return the facts of a decision as it was made."""
    return {
        "model_version": str(decision.model_version_id),
        "policy_version": decision.policy_version,
        "proposed": decision.proposed,
        "probability": decision.probability,
        "is_high_stakes": decision.is_high_stakes,
        "hold_reason": decision.hold_reason,
        "decided_at": moment_text(decision.created_at),
    }


def decision_personal(decision: Decision) -> dict[str, str]:
    """Return what names or describes the person decided about.

    A digest describes them too: who knows all possible cases finds the one that it is of.
    """
    if is_erased(decision):
        return dict.fromkeys(("case_ref", "payload_digest", "explanation_digest"), ERASED)
    return {
        "case_ref": decision.case_ref,
        "payload_digest": digest(decision.payload),
        "explanation_digest": digest(decision.explanation),
    }


def review_facts(review: Review, view: CaseView, decision: Decision) -> JsonObject:
    """Return the facts of a review: the act, before and after, and what was seen for how long."""
    codes: list[Json] = list(review.reason_codes)
    return {
        "review": str(review.id),
        "decision": str(review.decision_id),
        "case_view": str(view.id),
        "reviewer": str(review.reviewer_id),
        "act": review.act.value,
        "before": review.before,
        "after": review.after,
        "reason_codes": codes,
        "seconds": review.seconds,
        "model_version": str(decision.model_version_id),
        "policy_version": decision.policy_version,
        "decided_at": moment_text(review.decided_at),
    }


def review_personal(review: Review, view: CaseView) -> dict[str, str]:
    """Return the free text of a review, which may speak of people, and the digest of the case."""
    return {"reason_text": review.reason_text, "shown_digest": view.shown_digest}
