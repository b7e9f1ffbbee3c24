"""The default for grades: average what nominal models and a graded one make of the labels."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.ensemble import Ensemble
from crowd.aggregation.graded import GradedCrowd, medians_of
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.posteriors import allowed_classes, clamp
from crowd.aggregation.reliability import NEWCOMER


class GradedEnsemble(Aggregator):
    """Average the posteriors of `Ensemble` and of `GradedCrowd`, and take medians.

    The nominal models win where annotators answered much, and the graded one where they
    did not; the mean is close to the better of them in between.

    graded_share: weight of `GradedCrowd`; both have their own defaults otherwise.

    `labels_` are medians of the posterior and `means_` its means, as in `GradedCrowd`;
    `confusion_`, `shift_` and `width_` are those of the graded model; `n_iterations_` is
    that of the slower one.

    Clemen, Combining Forecasts: A Review and Annotated Bibliography, International Journal
    of Forecasting 5(4), 1989 (why even weights are hard to beat).
    """

    name: ClassVar[str] = "graded-ensemble"
    version: ClassVar[str] = "1"

    def __init__(self, *, graded_share: float = 0.5) -> None:
        if not 0 < graded_share < 1:
            raise ValueError("graded_share must lie between 0 and 1.")
        self.graded_share = graded_share

    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Fit both, holding `known` (task index: class index) fixed, and average them."""
        nominal, graded = Ensemble().fit(matrix, known), GradedCrowd().fit(matrix, known)
        mean = (1 - self.graded_share) * nominal.posterior_ + self.graded_share * graded.posterior_
        posterior = clamp(mean, allowed_classes(known, matrix.n_tasks, matrix.n_classes))
        self.posterior_ = posterior
        self.labels_ = medians_of(posterior)
        self.confidence_ = posterior[np.arange(len(posterior)), self.labels_]
        self.means_ = posterior @ np.arange(matrix.n_classes)
        self._keep_reliability(matrix, posterior, NEWCOMER)
        self.confusion_, self.shift_, self.width_ = graded.confusion_, graded.shift_, graded.width_
        self.n_iterations_ = max(nominal.n_iterations_, graded.n_iterations_)
        self.converged_ = nominal.converged_ and graded.converged_
        self.objective_path_ = np.empty(0)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {"graded_share": self.graded_share}
