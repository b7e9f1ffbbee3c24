"""Let the vote of an annotator weigh as much as they agree with the majority."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import FloatArray, shares_of, sum_by
from crowd.aggregation.confusion import expected_confusion_counts
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.posteriors import allowed_classes, clamp
from crowd.aggregation.reliability import NEWCOMER, BetaPrior


class WeightedMajority(Aggregator):
    """Count every vote by its annotator's agreement with the majority (known as Wawa).

    spread_votes: imagined votes per task, spread evenly over the classes, so that one
        label alone is not certainty.
    prior_right, prior_wrong: answers imagined for every annotator before the first.

    Votes that tie for the lead count as their share of it. Weights are divided by their mean
    over labels, so that the imagined votes stay as strong as in `MajorityVote`.

    Appen, Worker Agreement with Aggregate, as described by Ustalov, Pavlichenko and Tseitlin,
    Learning from Crowds with Crowd-Kit, JOSS 9(96), 2024.
    """

    name: ClassVar[str] = "weighted-majority"
    version: ClassVar[str] = "1"

    def __init__(
        self,
        *,
        spread_votes: float = 0.5,
        prior_right: float = NEWCOMER.right,
        prior_wrong: float = NEWCOMER.wrong,
    ) -> None:
        if min(spread_votes, prior_right, prior_wrong) <= 0:
            raise ValueError("Imagined votes and answers must be above zero.")
        self.spread_votes = spread_votes
        self.prior_right = prior_right
        self.prior_wrong = prior_wrong

    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Weigh the votes, holding the tasks in `known` (task index: class index) fixed."""
        allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        votes = matrix.votes()
        leads = (votes == votes.max(axis=1, keepdims=True)).astype(np.float64)
        winners = clamp(shares_of(leads), allowed)
        prior = BetaPrior(self.prior_right, self.prior_wrong)
        self._keep_reliability(matrix, winners, prior)
        weighted = weighted_votes(matrix, self.reliability_)
        self._keep_posterior(clamp(vote_shares(weighted, self.spread_votes), allowed))
        self._keep_reliability(matrix, self.posterior_, prior)
        counts = expected_confusion_counts(matrix, self.posterior_) + 1 / matrix.n_classes
        self.confusion_ = shares_of(counts)
        self.n_iterations_ = 1
        self.converged_ = True
        self.objective_path_ = np.empty(0)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {
            "spread_votes": self.spread_votes,
            "prior_right": self.prior_right,
            "prior_wrong": self.prior_wrong,
        }


def weighted_votes(matrix: LabelMatrix, weight: FloatArray) -> FloatArray:
    """Add up the votes by their annotators' weights, which are scaled to a mean of 1."""
    of_label = weight[matrix.annotator]
    cells = matrix.task.astype(np.int64) * matrix.n_classes + matrix.label
    scaled = of_label / max(float(of_label.mean()), np.finfo(np.float64).tiny)
    return sum_by(cells, scaled, matrix.n_tasks * matrix.n_classes).reshape(matrix.n_tasks, -1)
