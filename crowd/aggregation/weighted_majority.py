"""Let the vote of an annotator weigh as much as they agree with the majority."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.arrays import FloatArray, sum_by
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import MajorityVote, shares_of_the_win, vote_shares
from crowd.aggregation.posteriors import allowed_classes, clamp
from crowd.aggregation.reliability import BetaPrior


class WeightedMajority(MajorityVote):
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

    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Weigh the votes, holding the tasks in `known` (task index: class index) fixed."""
        allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        winners = clamp(shares_of_the_win(matrix.votes()), allowed)
        prior = BetaPrior(self.prior_right, self.prior_wrong)
        self._keep_reliability(matrix, winners, prior)
        weighted = weighted_votes(matrix, self.reliability_)
        self._keep_posterior(clamp(vote_shares(weighted, self.spread_votes), allowed))
        self._keep_reliability(matrix, self.posterior_, prior)
        self._keep_count(matrix, self.posterior_)
        return self


def weighted_votes(matrix: LabelMatrix, weight: FloatArray) -> FloatArray:
    """Add up the votes by their annotators' weights, which are scaled to a mean of 1."""
    of_label = weight[matrix.annotator]
    cells = matrix.task.astype(np.int64) * matrix.n_classes + matrix.label
    scaled = of_label / max(
        float(of_label.sum()) / max(len(of_label), 1), np.finfo(np.float64).tiny
    )
    return sum_by(cells, scaled, matrix.n_tasks * matrix.n_classes).reshape(matrix.n_tasks, -1)
