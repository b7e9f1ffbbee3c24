"""Let a classifier vote beside the annotators, each with the weight it has earned."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import FloatArray, IndexArray, shares_of, sum_by
from crowd.aggregation.confusion import expected_confusion_counts
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.parameters import require_positive
from crowd.aggregation.posteriors import allowed_classes, clamp
from crowd.aggregation.reliability import NEWCOMER, BetaPrior

_LEAST_WEIGHT = 1e-6


class CrowdLab(Aggregator):
    """Average a classifier's probabilities with the annotators' labels, weighted by skill.

    prior_right, prior_wrong: answers imagined for every annotator before the first.

    A label counts as the probability P of its class, with the rest spread evenly over the
    others, where P is how often labels agree with the majority. An annotator and the classifier
    weigh as much less as they err more, compared with always naming the commonest class; the
    classifier weighs once more by the root of the mean number of labels per task. Agreement
    is counted on tasks with two labels or more. Where no probabilities are given, the shares of
    the classes stand in for them.

    Goh, Tkachenko and Mueller, CROWDLAB: Supervised Learning to Infer Consensus Labels and
    Quality Scores for Data with Multiple Annotators, NeurIPS 2022 Human in the Loop workshop.
    """

    name: ClassVar[str] = "crowdlab"
    version: ClassVar[str] = "1"

    def __init__(
        self, *, prior_right: float = NEWCOMER.right, prior_wrong: float = NEWCOMER.wrong
    ) -> None:
        require_positive(prior_right=prior_right, prior_wrong=prior_wrong)
        self.prior_right = prior_right
        self.prior_wrong = prior_wrong

    def fit(
        self,
        matrix: LabelMatrix,
        known: Mapping[int, int] | None = None,
        *,
        predictions: FloatArray | None = None,
    ) -> Self:
        """Weigh labels and predictions, holding `known` (task index: class index) fixed.

        predictions: a classifier's probabilities, made without having seen the task's labels,
            shape (n_tasks, n_classes). Raise ValueError when they are none.
        """
        allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        votes = matrix.votes()
        shares = clamp(vote_shares(votes, 0.5), allowed)
        given = (
            _class_shares(matrix, shares) if predictions is None else _checked(predictions, matrix)
        )
        posterior = clamp(_average(matrix, given, shares), allowed)
        self._keep_posterior(posterior)
        self._keep_reliability(matrix, posterior, BetaPrior(self.prior_right, self.prior_wrong))
        counts = expected_confusion_counts(matrix, posterior) + 1 / matrix.n_classes
        self.confusion_ = shares_of(counts)
        self.n_iterations_ = 1
        self.converged_ = True
        self.objective_path_ = np.empty(0)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {"prior_right": self.prior_right, "prior_wrong": self.prior_wrong}


class _Weights(NamedTuple):
    """Hold the weight of each annotator and of the classifier, and the P of a label."""

    annotators: FloatArray
    classifier: float
    agreement: float


def _average(matrix: LabelMatrix, predictions: FloatArray, shares: FloatArray) -> FloatArray:
    weights = _weigh(matrix, predictions, shares)
    weight = weights.annotators[matrix.annotator]
    cells = matrix.task.astype(np.int64) * matrix.n_classes + matrix.label
    named = sum_by(cells, weight, matrix.n_tasks * matrix.n_classes)
    named = named.reshape(matrix.n_tasks, matrix.n_classes)
    other = named.sum(axis=1, keepdims=True) - named
    spread = (1 - weights.agreement) / max(matrix.n_classes - 1, 1)
    voices = weights.agreement * named + spread * other
    return shares_of(weights.classifier * predictions + voices)


def _weigh(matrix: LabelMatrix, predictions: FloatArray, shares: FloatArray) -> _Weights:
    n_labels = matrix.labels_per_task
    is_shared = n_labels >= 2
    if not is_shared.any():  # Nobody can be compared with anybody.
        return _Weights(np.ones(matrix.n_annotators), 1.0, 0.9)
    counted = is_shared[matrix.task]
    agrees = _agreements(matrix, shares)
    n_counted = sum_by(matrix.annotator, counted.astype(np.float64), matrix.n_annotators)
    right = sum_by(matrix.annotator, agrees * counted, matrix.n_annotators)
    overall = float(agrees[counted].mean())
    # One imagined label as good as the average, so that nobody is judged by nothing.
    accuracy = (right + overall) / (n_counted + 1)
    of_classifier = _chance_right(shares[is_shared], predictions[is_shared].argmax(axis=1))
    commonest = shares[is_shared].sum(axis=0).argmax()
    baseline = _chance_right(shares[is_shared], np.full(int(is_shared.sum()), commonest))
    error = max(1 - baseline, _LEAST_WEIGHT)
    annotators = np.maximum(1 - (1 - accuracy) / error, _LEAST_WEIGHT)
    classifier = max(1 - (1 - of_classifier) / error, _LEAST_WEIGHT)
    return _Weights(annotators, classifier * float(np.sqrt(n_labels[is_shared].mean())), overall)


def _agreements(matrix: LabelMatrix, shares: FloatArray) -> FloatArray:
    """Return for each label its share of the lead of its task: 1, a part of a tie, or 0."""
    leads = shares.round(9) == shares.round(9).max(axis=1, keepdims=True)
    return shares_of(leads.astype(np.float64))[matrix.task, matrix.label]


def _chance_right(shares: FloatArray, answer: IndexArray) -> float:
    leads = shares.round(9) == shares.round(9).max(axis=1, keepdims=True)
    return float(shares_of(leads.astype(np.float64))[np.arange(len(answer)), answer].mean())


def _class_shares(matrix: LabelMatrix, shares: FloatArray) -> FloatArray:
    return np.broadcast_to(shares_of(shares.sum(axis=0)), (matrix.n_tasks, matrix.n_classes))


def _checked(predictions: FloatArray, matrix: LabelMatrix) -> FloatArray:
    array = np.asarray(predictions, dtype=np.float64)
    if array.shape != (matrix.n_tasks, matrix.n_classes):
        raise ValueError("The predictions need a row for each task and a column for each class.")
    if not (np.isfinite(array).all() and (array >= 0).all() and (array.sum(axis=1) > 0).all()):
        raise ValueError("The predictions must be probabilities.")
    return shares_of(array)
