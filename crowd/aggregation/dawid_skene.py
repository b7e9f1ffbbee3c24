"""Fit each annotator's confusion matrix together with the true classes."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import FloatArray, shares_of
from crowd.aggregation.confusion import shrunken_confusions
from crowd.aggregation.em_steps import EMSteps, Expected, em_steps
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.reliability import NEWCOMER, BetaPrior

_STARTING_SPREAD_VOTES = 0.5


class DawidSkene(Aggregator):
    """Find the most probable class shares and confusion matrices by EM.

    tolerance: stop when an iteration adds less than this to the objective, per label.
    max_iterations: stop then in any case; `converged_` says which it was.
    shrinkage: labels' worth of pull, in every row, of an annotator's confusion matrix towards
        that annotator's own one-coin matrix (see confusion.py).
    prior_right, prior_wrong: answers imagined for every annotator before the first.
    class_tasks: tasks imagined for every class.
    correlation: how much the annotators of one task err together, between 0 and 1; used
        once, after EM, to temper `posterior_` (see posteriors.py).

    `objective_path_` is the log posterior of the parameters up to a constant, and never falls.
    Known tasks count in full for confusion matrices and class shares. `reliability_` comes from
    the tempered posterior; its interval treats tasks as independent.

    Dawid and Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM
    Algorithm, Applied Statistics 28(1), 1979; Dempster, Laird and Rubin, Maximum Likelihood
    from Incomplete Data via the EM Algorithm, JRSS B 39(1), 1977, for EM under a prior.
    """

    name: ClassVar[str] = "dawid-skene"
    version: ClassVar[str] = "2"

    def __init__(
        self,
        *,
        tolerance: float = 1e-6,
        max_iterations: int = 200,
        shrinkage: float = 3.0,
        prior_right: float = NEWCOMER.right,
        prior_wrong: float = NEWCOMER.wrong,
        class_tasks: float = 1.0,
        correlation: float = 0.5,
    ) -> None:
        if min(shrinkage, prior_right, prior_wrong, class_tasks) <= 0:
            raise ValueError("Shrinkage and prior counts must be above zero.")
        if max_iterations < 1 or tolerance < 0 or not 0 <= correlation <= 1:
            raise ValueError("An iteration, no negative tolerance, a correlation in 0 to 1.")
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.shrinkage = shrinkage
        self.prior_right = prior_right
        self.prior_wrong = prior_wrong
        self.class_tasks = class_tasks
        self.correlation = correlation

    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Run EM from the vote shares, holding `known` (task index: class index) fixed."""
        steps = em_steps(matrix, known)
        model = self._climb(steps, matrix.n_labels)
        self.confusion_ = model.confusion
        posterior = steps.posterior(
            np.log(model.confusion), np.log(model.class_shares), self.correlation
        )
        del steps  # Its tables, before more memory is taken.
        self._keep_posterior(posterior)
        self._keep_reliability(matrix, posterior, self._skill_prior)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {
            "tolerance": self.tolerance,
            "max_iterations": self.max_iterations,
            "shrinkage": self.shrinkage,
            "prior_right": self.prior_right,
            "prior_wrong": self.prior_wrong,
            "class_tasks": self.class_tasks,
            "correlation": self.correlation,
        }

    @property
    def _skill_prior(self) -> BetaPrior:
        return BetaPrior(self.prior_right, self.prior_wrong)

    def _climb(self, steps: EMSteps, n_labels: int) -> "_Model":
        expected = steps.from_votes(_STARTING_SPREAD_VOTES)
        path: list[float] = []
        self.converged_ = False
        while not self.converged_ and len(path) < self.max_iterations:
            model = self._maximise(expected)
            expected = steps.expect(np.log(model.confusion), np.log(model.class_shares))
            path.append(expected.log_evidence + model.log_prior)
            self.converged_ = self._is_level(path, n_labels)
        self.n_iterations_ = len(path)
        self.objective_path_ = np.array(path)
        return model

    def _is_level(self, path: list[float], n_labels: int) -> bool:
        return len(path) > 1 and path[-1] - path[-2] <= self.tolerance * n_labels

    def _maximise(self, expected: Expected) -> "_Model":
        confusion, log_prior = shrunken_confusions(
            expected.counts, weight=self.shrinkage, prior=self._skill_prior
        )
        class_shares = shares_of(expected.class_tasks + self.class_tasks)
        log_prior += self.class_tasks * float(np.log(class_shares).sum())
        return _Model(class_shares, confusion, log_prior)


class _Model(NamedTuple):
    class_shares: FloatArray
    confusion: FloatArray
    log_prior: float
