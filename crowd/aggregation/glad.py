"""Give every annotator an ability and every task a difficulty."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray, sum_by
from crowd.aggregation.climbing import (
    STARTING_SPREAD_VOTES,
    Climb,
    HiddenTruth,
    most_probable_shares,
)
from crowd.aggregation.confusion import one_coin_confusions
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.majority import vote_shares
from crowd.aggregation.posteriors import allowed_classes, clamp, normalise, temper

_STEPS = 3
_HALVINGS = 20


class Glad(HiddenTruth):
    """Find the most probable abilities and difficulties by EM.

    A label is right with the chance logistic(ability * ease of the task), else any wrong class
    equally often. Ability is Normal(1, 1) beforehand, the log of ease Normal(0, 1).

    The parameters are those of `HiddenTruth`; `prior_right` and `prior_wrong` matter for
    `reliability_` alone. `objective_path_` is the log posterior of abilities, eases and class
    shares up to a constant. `confusion_` holds for a task of middling ease.

    Whitehill, Ruvolo, Wu, Bergsma and Movellan, Whose Vote Should Count More: Optimal
    Integration of Labels from Labelers of Unknown Expertise, NIPS 2009.
    """

    name: ClassVar[str] = "glad"
    version: ClassVar[str] = "1"

    def _begin(self, matrix: LabelMatrix, known: Mapping[int, int] | None) -> Climb:
        return _TraitsClimb(self, matrix, known)


class _TraitsClimb(Climb):
    def __init__(self, model: Glad, matrix: LabelMatrix, known: Mapping[int, int] | None) -> None:
        self._model, self._matrix = model, matrix
        self._allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        self._traits = _Traits(np.ones(matrix.n_annotators), np.zeros(matrix.n_tasks))
        self._chance = clamp(vote_shares(matrix.votes(), STARTING_SPREAD_VOTES), self._allowed)

    def rise(self) -> float:
        """Learn abilities, eases and class shares, then the truth."""
        if self._matrix.n_classes > 1:  # Labels of the only class say nothing.
            right = self._chance[self._matrix.task, self._matrix.label]
            for _ in range(_STEPS):
                self._traits = _better(self._traits, self._matrix, right)
        shares, log_prior = most_probable_shares(self._chance.sum(axis=0), self._model.class_tasks)
        log_weights = _evidence(self._traits, self._matrix) + shares
        self._log_weights = np.where(self._allowed, log_weights, -np.inf)
        self._chance, log_evidence = normalise(self._log_weights)
        middling = _logistic(self._traits.ability)
        self.confusion = one_coin_confusions(middling, self._matrix.n_classes)
        return float(log_evidence.sum()) + log_prior + _log_prior(self._traits)

    def posterior(self, correlation: float) -> FloatArray:
        """Return the tempered posterior."""
        return temper(self._log_weights, self._matrix.labels_per_task, correlation=correlation)


class _Traits(NamedTuple):
    ability: FloatArray
    log_ease: FloatArray


def _better(traits: _Traits, matrix: LabelMatrix, right: FloatArray) -> _Traits:
    """Take a step by each coordinate's own curvature, halved until the objective rises."""
    step = _step(traits, matrix, right)
    now = _expected(traits, matrix, right)
    for halving in range(_HALVINGS):
        size = 0.5**halving
        there = _Traits(
            traits.ability + size * step.ability, traits.log_ease + size * step.log_ease
        )
        if _expected(there, matrix, right) >= now:
            return there
    return traits


def _step(traits: _Traits, matrix: LabelMatrix, right: FloatArray) -> _Traits:
    ability, ease = traits.ability[matrix.annotator], np.exp(traits.log_ease)[matrix.task]
    chance = _logistic(ability * ease)
    surplus, spread = right - chance, chance * (1 - chance)
    slope = sum_by(matrix.annotator, surplus * ease, matrix.n_annotators) + 1 - traits.ability
    curvature = sum_by(matrix.annotator, spread * ease**2, matrix.n_annotators) + 1
    pull = sum_by(matrix.task, surplus * ability * ease, matrix.n_tasks) - traits.log_ease
    bend = sum_by(matrix.task, spread * (ability * ease) ** 2, matrix.n_tasks) + 1
    return _Traits(slope / curvature, pull / bend)


def _expected(traits: _Traits, matrix: LabelMatrix, right: FloatArray) -> float:
    log_right, log_wrong = _log_chances(traits, matrix)
    return float((right * log_right + (1 - right) * log_wrong).sum()) + _log_prior(traits)


def _log_prior(traits: _Traits) -> float:
    return -0.5 * float(((traits.ability - 1) ** 2).sum() + (traits.log_ease**2).sum())


def _log_chances(traits: _Traits, matrix: LabelMatrix) -> tuple[FloatArray, FloatArray]:
    """Return the log chance that each label is right, and that it is wrong."""
    log_odds = traits.ability[matrix.annotator] * np.exp(traits.log_ease)[matrix.task]
    return -np.logaddexp(0, -log_odds), -np.logaddexp(0, log_odds)


def _evidence(traits: _Traits, matrix: LabelMatrix) -> FloatArray:
    log_right, log_wrong = _log_chances(traits, matrix)
    log_wrong = log_wrong - np.log(max(matrix.n_classes - 1, 1))
    if matrix.n_classes == 1:
        log_right, log_wrong = np.zeros_like(log_right), np.zeros_like(log_right)
    cells = matrix.task.astype(np.int64) * matrix.n_classes + matrix.label
    gain = sum_by(cells, log_right - log_wrong, matrix.n_tasks * matrix.n_classes)
    all_wrong = sum_by(matrix.task, log_wrong, matrix.n_tasks)
    return gain.reshape(matrix.n_tasks, matrix.n_classes) + all_wrong[:, None]


def _logistic(log_odds: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
