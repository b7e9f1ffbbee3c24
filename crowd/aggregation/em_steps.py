"""Take the two sums over all labels that an EM with confusion matrices needs.

An algorithm says how it makes confusion matrices from expected counts; everything that goes
through the labels is here, by arrays for few of them and in machine code for many. Which of the
two it is depends on the number of labels alone, so that the same labels give the same bytes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray, sum_by
from crowd.aggregation.confusion import expected_confusion_counts
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.posteriors import allowed_classes, clamp, normalise, temper
from crowd.aggregation.row_order import COMPILED_FROM


class Expected(NamedTuple):
    """Hold what an M step starts from.

    counts: expected labels by true class and label, (n_annotators, n_classes, n_classes).
    class_tasks: expected tasks of each class, shape (n_classes,).
    log_evidence: log probability of all labels, 0 where they were only counted as votes.
    """

    counts: FloatArray
    class_tasks: FloatArray
    log_evidence: float


class EMSteps(ABC):
    """Go through the labels of one crowd, whose known tasks are held fixed.

    log_confusion: log probability of each label (last axis) given the true class,
        shape (n_annotators, n_classes, n_classes).
    log_class_shares: log share of each class among tasks, shape (n_classes,).
    """

    @abstractmethod
    def from_votes(self, spread_votes: float) -> Expected:
        """Return what the first M step needs, with vote shares in the place of a posterior.

        spread_votes: imagined votes per task, spread evenly over the classes.
        """

    @abstractmethod
    def expect(self, log_confusion: FloatArray, log_class_shares: FloatArray) -> Expected:
        """Run an E step, and return what the next M step needs."""

    @abstractmethod
    def posterior(
        self, log_confusion: FloatArray, log_class_shares: FloatArray, correlation: float
    ) -> FloatArray:
        """Return the tempered posterior (see posteriors.py): shape (n_tasks, n_classes)."""


def em_steps(matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> EMSteps:
    """Return the steps for a crowd; `known` maps task indices to class indices.

    Raise ValueError when a known task or class is out of range.
    """
    if matrix.n_labels < COMPILED_FROM:
        return ArraySteps(matrix, known)
    from crowd.aggregation.compiled_steps import CompiledSteps  # noqa: PLC0415 - loads Numba

    return CompiledSteps(matrix, known)


class ArraySteps(EMSteps):
    """Take the sums with NumPy, a column of the posterior at a time."""

    def __init__(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> None:
        self._matrix = matrix
        self._allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)

    def from_votes(self, spread_votes: float) -> Expected:
        """Return what the first M step needs, with vote shares in the place of a posterior."""
        shares = vote_shares(self._matrix.votes(), spread_votes)
        return self._expected(clamp(shares, self._allowed), 0.0)

    def expect(self, log_confusion: FloatArray, log_class_shares: FloatArray) -> Expected:
        """Run an E step, and return what the next M step needs."""
        posterior, log_totals = normalise(self._log_joint(log_confusion, log_class_shares))
        return self._expected(posterior, float(log_totals.sum()))

    def posterior(
        self, log_confusion: FloatArray, log_class_shares: FloatArray, correlation: float
    ) -> FloatArray:
        """Return the tempered posterior: shape (n_tasks, n_classes)."""
        log_joint = self._log_joint(log_confusion, log_class_shares)
        return temper(log_joint, self._matrix.labels_per_task, correlation=correlation)

    def _expected(self, posterior: FloatArray, log_evidence: float) -> Expected:
        counts = expected_confusion_counts(self._matrix, posterior)
        return Expected(counts, posterior.sum(axis=0), log_evidence)

    def _log_joint(self, log_confusion: FloatArray, log_class_shares: FloatArray) -> FloatArray:
        matrix = self._matrix
        evidence = [
            sum_by(
                matrix.task,
                log_confusion[:, true_class, :].ravel()[matrix.answer_cells],
                matrix.n_tasks,
            )
            for true_class in range(matrix.n_classes)
        ]
        log_joint = np.stack(evidence, axis=1) + log_class_shares
        return np.where(self._allowed, log_joint, -np.inf)
