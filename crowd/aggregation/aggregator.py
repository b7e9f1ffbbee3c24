"""Say what every consensus algorithm offers, so that a job can run any of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.posteriors import decide
from crowd.aggregation.reliability import BetaPrior, reliabilities_of


class Aggregator(ABC):
    """Turn a label matrix into a posterior per task and a reliability per annotator.

    The attributes that end in an underscore exist after `fit`.

    name, version: what to store beside a consensus, so that it can be derived again.
    posterior_: probability of each class of each task, shape (n_tasks, n_classes).
    labels_: leading class of each task, ties to the lower class, shape (n_tasks,).
    confidence_: probability of that class, shape (n_tasks,).
    reliability_, reliability_low_, reliability_high_: probability that an annotator
        answers right, with a 95 % interval, shape (n_annotators,).
    confusion_: probability of each label (last axis) given the true class,
        shape (n_annotators, n_classes, n_classes).
    n_iterations_, converged_: how the fit ended.
    objective_path_: what the fit maximised, after each iteration; empty if nothing.
    digest_: SHA-256 of the labels that were read (not of known answers or predictions).
    """

    name: ClassVar[str]
    version: ClassVar[str]

    posterior_: FloatArray
    labels_: IndexArray
    confidence_: FloatArray
    reliability_: FloatArray
    reliability_low_: FloatArray
    reliability_high_: FloatArray
    confusion_: FloatArray
    n_iterations_: int
    converged_: bool
    objective_path_: FloatArray
    _matrix: LabelMatrix

    @property
    def digest_(self) -> str:
        """Return the digest, which may cost more than a quick fit, when it is asked for."""
        return self._matrix.digest()

    @abstractmethod
    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Fit to the labels, holding the tasks in `known` (task index: class index) fixed."""

    @abstractmethod
    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""

    def fit_predict(
        self, matrix: LabelMatrix, known: Mapping[int, int] | None = None
    ) -> IndexArray:
        """Fit, and return the leading class of each task."""
        return self.fit(matrix, known).labels_

    def _keep_posterior(self, posterior: FloatArray) -> None:
        self.posterior_ = posterior
        self.labels_ = decide(posterior)
        self.confidence_ = posterior[np.arange(len(posterior)), self.labels_]

    def _keep_reliability(
        self, matrix: LabelMatrix, posterior: FloatArray, prior: BetaPrior
    ) -> None:
        self._matrix = matrix
        estimates = reliabilities_of(matrix, posterior, prior)
        self.reliability_ = estimates.mean
        self.reliability_low_ = estimates.low
        self.reliability_high_ = estimates.high
