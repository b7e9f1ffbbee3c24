"""Let annotators err together: each class holds kinds of task that all of them see alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crowd.aggregation.answers import Answers
from crowd.aggregation.arrays import FloatArray, shares_of
from crowd.aggregation.climbing import STARTING_SPREAD_VOTES, Climb, HiddenTruth
from crowd.aggregation.dirichlet import confusion_prior, dirichlet_chances
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.posteriors import allowed_classes, clamp, normalise, temper
from crowd.aggregation.reliability import BetaPrior

_N_KINDS = 2


@dataclass(kw_only=True, eq=False)
class CorrelatedBayes(HiddenTruth):
    """Approximate the posterior where a class has two kinds of task, by mean fields.

    Given the kind, annotators answer independently; given the class alone, they do not. The
    kinds start as the tasks where the crowd sides with the class and those where it does not,
    so that nothing is drawn at random; the authors draw several kinds and try many draws.

    prior_right, prior_wrong: answers imagined for every annotator and kind, of the kind's
        class and of each other class.
    kind_tasks: tasks imagined for every kind.

    The other parameters are those of `HiddenTruth`. `objective_path_` is the lower bound of the
    log evidence of the labels.

    Li, Rubinstein and Cohn, Exploiting Worker Correlation for Label Aggregation in
    Crowdsourcing, ICML 2019 (enhanced Bayesian classifier combination).
    """

    name: ClassVar[str] = "ebcc"
    version: ClassVar[str] = "1"

    prior_right: float = 4.0
    prior_wrong: float = 1.0
    kind_tasks: float = 0.1

    def _begin(self, matrix: LabelMatrix, known: Mapping[int, int] | None) -> Climb:
        return _KindsClimb(self, matrix, known)

    def skill_prior(self, n_classes: int) -> BetaPrior:
        """Return what is believed of an annotator's reliability before any answer."""
        return BetaPrior(self.prior_right, self.prior_wrong * max(n_classes - 1, 1))


class _KindsClimb(Climb):
    """Climb over columns that are a class and a kind each, the kinds of a class side by side."""

    def __init__(
        self, model: CorrelatedBayes, matrix: LabelMatrix, known: Mapping[int, int] | None
    ) -> None:
        self._model, self._matrix, self._answers = model, matrix, Answers(matrix)
        self._allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        self._prior = confusion_prior(model.prior_right, model.prior_wrong, matrix.n_classes)
        shares = vote_shares(matrix.votes(), STARTING_SPREAD_VOTES)
        kinds = np.stack([shares, 1 - shares], axis=2)
        self._chance = _columns(clamp(shares, self._allowed)[:, :, None] * kinds)

    def rise(self) -> float:
        """Learn confusion by kind, shares of kinds and classes, then the truth."""
        counts = self._answers.counts(self._chance)
        prior = self._prior.T.repeat(_N_KINDS, axis=1)
        annotators = dirichlet_chances(counts, prior, axis=1)
        self.confusion = shares_of(_by_class(counts).swapaxes(1, 2) + self._prior)
        log_shares, divergence = self._learn_shares()
        log_weights = self._answers.evidence(annotators.log_chance) + log_shares
        allowed = self._allowed.repeat(_N_KINDS, axis=1)
        self._log_weights = np.where(allowed, log_weights, -np.inf)
        self._chance, log_evidence = normalise(self._log_weights)
        return float(log_evidence.sum()) - annotators.divergence - divergence

    def posterior(self, correlation: float) -> FloatArray:
        """Return the tempered posterior, over the kinds of each class."""
        kinds = self._log_weights.reshape(len(self._log_weights), -1, _N_KINDS)
        log_weights = np.asarray(np.logaddexp.reduce(kinds, axis=2))
        return temper(log_weights, self._matrix.labels_per_task, correlation=correlation)

    def _learn_shares(self) -> tuple[FloatArray, float]:
        tasks = self._chance.sum(axis=0).reshape(-1, _N_KINDS)
        kinds = dirichlet_chances(tasks, np.array(self._model.kind_tasks), axis=1)
        classes = dirichlet_chances(tasks.sum(axis=1), np.array(self._model.class_tasks), axis=0)
        log_shares = (kinds.log_chance + classes.log_chance[:, None]).ravel()
        return log_shares, kinds.divergence + classes.divergence


def _columns(by_kind: FloatArray) -> FloatArray:
    """Divide by each row's sum and lay the kinds side by side: (n_tasks, n_columns)."""
    return shares_of(by_kind.reshape(len(by_kind), -1))


def _by_class(counts: FloatArray) -> FloatArray:
    """Add up the kinds of each class: shape (n_annotators, n_labels, n_classes)."""
    return np.asarray(counts.reshape(*counts.shape[:2], -1, _N_KINDS).sum(axis=3))
