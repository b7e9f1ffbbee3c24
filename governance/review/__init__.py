"""Human review of decisions: the queue, what a reviewer is shown, and the four acts."""

from governance.review.acting import review_decision, reviews_of
from governance.review.showing import ShownCase, show_case
from governance.review.waiting import claim, claim_next, queue, release_claim, waiting

__all__ = [
    "ShownCase",
    "claim",
    "claim_next",
    "queue",
    "release_claim",
    "review_decision",
    "reviews_of",
    "show_case",
    "waiting",
]
