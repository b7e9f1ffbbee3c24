"""Tell annotators who know from annotators who guess, and learn how the latter guess."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crowd.aggregation.arrays import FloatArray, shares_of
from crowd.aggregation.climbing import (
    ConfusionClimb,
    ConfusionTruth,
    Learned,
    most_probable_shares,
)
from crowd.aggregation.em_steps import EMSteps, Expected


@dataclass(kw_only=True, eq=False)
class Mace(ConfusionTruth):
    """Find the most probable competence and guessing habits of annotators by EM.

    Of each label an annotator either knows the true class, with their competence, or guesses
    by a habit of their own, whatever the true class.

    prior_right, prior_wrong: labels imagined as known and as guessed for every annotator.
    habit_labels: guesses imagined of each class for every annotator.

    The other parameters are those of `HiddenTruth`. `objective_path_` is the log posterior of
    competence, habits and class shares up to a constant.

    Hovy, Berg-Kirkpatrick, Vaswani and Hovy, Learning Whom to Trust with MACE, NAACL 2013.
    """

    name: ClassVar[str] = "mace"
    version: ClassVar[str] = "1"

    prior_right: float = 1.0
    prior_wrong: float = 1.0
    habit_labels: float = 1.0

    def begin_at(self, steps: EMSteps) -> ConfusionClimb:
        """Return a climb that stands at the vote shares."""
        return _MaceClimb(self, steps)


class _MaceClimb(ConfusionClimb):
    def __init__(self, model: Mace, steps: EMSteps) -> None:
        super().__init__(steps)
        self._model = model
        competence = model.prior_right / (model.prior_right + model.prior_wrong)
        n_annotators, n_classes = self._expected.counts.shape[:2]
        self._competence = np.full((n_annotators, 1), competence)
        self._habit = np.full((n_annotators, n_classes), 1 / n_classes)

    def learn(self, expected: Expected) -> Learned:
        log_shares, log_prior = most_probable_shares(expected.class_tasks, self._model.class_tasks)
        log_prior += self._learn_annotators(expected.counts)
        competence = self._competence[:, :, None]
        knows = np.eye(self._habit.shape[1])
        confusion = competence * knows + (1 - competence) * self._habit[:, None, :]
        return Learned(confusion, np.log(confusion), log_shares, log_prior)

    def _learn_annotators(self, counts: FloatArray) -> float:
        """Update competence and habits from expected counts; return the log of their prior."""
        model = self._model
        right = np.diagonal(counts, axis1=1, axis2=2)
        guess = (1 - self._competence) * self._habit
        known = right * self._competence / (self._competence + guess)
        guessed = counts.sum(axis=1) - known
        knowing = known.sum(axis=1, keepdims=True) + model.prior_right
        guessing = guessed.sum(axis=1, keepdims=True) + model.prior_wrong
        self._competence = knowing / (knowing + guessing)
        self._habit = shares_of(guessed + model.habit_labels)
        log_prior = model.prior_right * np.log(self._competence).sum()
        log_prior += model.prior_wrong * np.log1p(-self._competence).sum()
        return float(log_prior + model.habit_labels * np.log(self._habit).sum())
