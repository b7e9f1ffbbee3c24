"""Fit each annotator's confusion matrix together with the true classes."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import BoolArray, FloatArray, shares_of, sum_by
from crowd.aggregation.confusion import expected_confusion_counts, shrunken_confusions
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.posteriors import allowed_classes, clamp, normalise, temper
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
    version: ClassVar[str] = "1"

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
        allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        log_weights = self._climb(matrix, allowed)
        posterior = temper(log_weights, matrix.labels_per_task, correlation=self.correlation)
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

    def _climb(self, matrix: LabelMatrix, allowed: BoolArray) -> FloatArray:
        posterior = clamp(vote_shares(matrix.votes(), _STARTING_SPREAD_VOTES), allowed)
        path: list[float] = []
        self.converged_ = False
        while not self.converged_ and len(path) < self.max_iterations:
            model = self._maximise(matrix, posterior)
            log_weights = np.where(allowed, _log_joint(matrix, model), -np.inf)
            posterior, log_evidence = normalise(log_weights)
            path.append(float(log_evidence.sum()) + model.log_prior)
            self.converged_ = self._is_level(path, matrix.n_labels)
        self.confusion_ = model.confusion
        self.n_iterations_ = len(path)
        self.objective_path_ = np.array(path)
        return log_weights

    def _is_level(self, path: list[float], n_labels: int) -> bool:
        return len(path) > 1 and path[-1] - path[-2] <= self.tolerance * n_labels

    def _maximise(self, matrix: LabelMatrix, posterior: FloatArray) -> "_Model":
        counts = expected_confusion_counts(matrix, posterior)
        confusion, log_prior = shrunken_confusions(
            counts, weight=self.shrinkage, prior=self._skill_prior
        )
        class_shares = shares_of(posterior.sum(axis=0) + self.class_tasks)
        log_prior += self.class_tasks * float(np.log(class_shares).sum())
        return _Model(class_shares, confusion, log_prior)


class _Model(NamedTuple):
    class_shares: FloatArray
    confusion: FloatArray
    log_prior: float


def _log_joint(matrix: LabelMatrix, model: _Model) -> FloatArray:
    log_confusion = np.log(model.confusion)
    evidence = [
        sum_by(
            matrix.task,
            log_confusion[:, true_class, :].ravel()[matrix.answer_cells],
            matrix.n_tasks,
        )
        for true_class in range(matrix.n_classes)
    ]
    return np.stack(evidence, axis=1) + np.log(model.class_shares)
