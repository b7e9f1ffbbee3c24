"""What reviews and decisions claim, so that the log's verifier can hold it against the entries."""

from collections.abc import Iterator

from sqlmodel import col, select

from audit.verification import Claim
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.facts import (
    decision_facts,
    decision_personal,
    review_facts,
    review_personal,
)
from governance.models import CaseView, Decision, Review

ROWS_AT_A_TIME = 500


class ReviewClaims:
    """Claim what every review row says: an edited row no longer fits its entry."""

    def claims(self, uow: UnitOfWork) -> Iterator[Claim]:
        """Yield a claim for each review."""
        rows = uow.session.exec(
            select(Review, CaseView, Decision)
            .join(CaseView, col(CaseView.id) == col(Review.case_view_id))
            .join(Decision, col(Decision.id) == col(Review.decision_id))
            .order_by(col(Review.id))
            .execution_options(yield_per=ROWS_AT_A_TIME)
        )
        for review, view, decision in rows:
            yield Claim(
                entry_id=review.audit_entry_id,
                subject_type="decision",
                subject_id=review.decision_id,
                facts=review_facts(review, view, decision),
                personal=review_personal(review),
            )


class DecisionClaims:
    """Claim what every decision row says of how it was made."""

    def claims(self, uow: UnitOfWork) -> Iterator[Claim]:
        """Yield a claim for each decision."""
        rows = uow.session.exec(
            select(Decision).order_by(col(Decision.id)).execution_options(yield_per=ROWS_AT_A_TIME)
        )
        for decision in rows:
            yield Claim(
                entry_id=decision.audit_entry_id,
                subject_type="decision",
                subject_id=decision.id,
                facts=decision_facts(decision),
                personal=decision_personal(decision),
            )
