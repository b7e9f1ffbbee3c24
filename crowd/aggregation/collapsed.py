"""Judge every task by what its annotators did elsewhere, all tasks at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crowd.aggregation.arrays import FloatArray, shares_of, sum_by
from crowd.aggregation.climbing import STARTING_SPREAD_VOTES, Climb, HiddenTruth
from crowd.aggregation.confusion import expected_confusion_counts, one_coin_confusions
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.posteriors import allowed_classes, clamp, normalise, temper


@dataclass(kw_only=True, eq=False)
class CollapsedBayes(HiddenTruth):
    """Fit confusion matrices that are averaged over, with each task left out of its own judges.

    Nobody is believed for agreeing with themselves. It is what `OnlineConsensus` comes to after
    many sweeps, whatever the order of labels; and of the models that were tried, the one by whose
    posterior a rule of when to stop asking saves most (`folkmoot bench stopping`).

    shrinkage: labels' worth of pull, in every row, of an annotator's confusion matrix towards
        that annotator's own one-coin matrix (see confusion.py).

    The other parameters are those of `HiddenTruth`. Nothing in particular is maximised:
    `objective_path_` is empty, and the fit ends when the log weights of the labels stand still.

    Asuncion, Welling, Smyth and Teh, On Smoothing and Inference for Topic Models, UAI 2009 (the
    update that leaves out its own counts, CVB0); Liu, Peng and Ihler, Variational Inference for
    Crowdsourcing, NIPS 2012 (parameters of annotators averaged over).
    """

    name: ClassVar[str] = "collapsed-bayes"
    version: ClassVar[str] = "1"
    has_objective: ClassVar[bool] = False

    shrinkage: float = 3.0

    def _begin(self, matrix: LabelMatrix, known: Mapping[int, int] | None) -> Climb:
        return _CollapsedClimb(self, matrix, known)


class _CollapsedClimb(Climb):
    def __init__(
        self, model: CollapsedBayes, matrix: LabelMatrix, known: Mapping[int, int] | None
    ) -> None:
        self._model, self._matrix = model, matrix
        self._allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        self._is_labelled = matrix.labels_per_task[:, None] > 0
        shares = vote_shares(matrix.votes(), STARTING_SPREAD_VOTES)
        self._chance = clamp(shares, self._allowed)

    def rise(self) -> float:
        """Weigh the classes of every task by all the others."""
        counts = expected_confusion_counts(self._matrix, self._chance)
        log_weights = self._log_class_weights() + self._evidence(counts)
        self._log_weights = np.where(self._allowed, log_weights, -np.inf)
        self._chance, log_totals = normalise(self._log_weights)
        self.confusion = self._confusion(counts)
        return float(log_totals.sum())

    def posterior(self, correlation: float) -> FloatArray:
        """Return the tempered posterior."""
        return temper(self._log_weights, self._matrix.labels_per_task, correlation=correlation)

    def _log_class_weights(self) -> FloatArray:
        own = self._chance * self._is_labelled
        # Rounding may leave a count a trace below zero.
        elsewhere: FloatArray = np.maximum(own.sum(axis=0) - own, 0.0)
        return np.log(elsewhere + self._model.class_tasks)

    def _evidence(self, counts: FloatArray) -> FloatArray:
        """Add up the log chance of each label for every true class: (n_tasks, n_classes)."""
        matrix, pull = self._matrix, self._model.shrinkage
        own = self._chance[matrix.task]
        skill = self._skills_elsewhere(counts)
        slip = (1 - skill) / max(matrix.n_classes - 1, 1)
        evidence = []
        for true_class, mine in enumerate(own.T):
            coin = np.where(matrix.label == true_class, skill, slip)
            seen = counts[matrix.annotator, true_class, matrix.label] - mine
            asked = counts[:, true_class].sum(axis=1)[matrix.annotator] - mine
            chance = (np.maximum(seen, 0.0) + pull * coin) / (np.maximum(asked, 0.0) + pull)
            evidence.append(sum_by(matrix.task, np.log(chance), matrix.n_tasks))
        return np.stack(evidence, axis=1)

    def _skills_elsewhere(self, counts: FloatArray) -> FloatArray:
        """Return how reliable the annotator of each label is on other tasks: (n_labels,)."""
        matrix, model = self._matrix, self._model
        if matrix.n_classes == 1:
            return np.ones(matrix.n_labels)
        right = np.trace(counts, axis1=1, axis2=2)[matrix.annotator]
        right = right - self._chance[matrix.task, matrix.label] + model.prior_right
        given = matrix.labels_per_annotator[matrix.annotator] - 1.0
        return np.asarray(right / (given + model.prior_right + model.prior_wrong))

    def _confusion(self, counts: FloatArray) -> FloatArray:
        model = self._model
        right = np.trace(counts, axis1=1, axis2=2) + model.prior_right
        given = self._matrix.labels_per_annotator + model.prior_right + model.prior_wrong
        coin = one_coin_confusions(right / given, counts.shape[2])
        return shares_of(counts + model.shrinkage * coin)
