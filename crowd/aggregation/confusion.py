r"""Estimate confusion matrices, each shrunk towards its annotator's own one-coin matrix.

A confusion matrix has a row per true class, and few annotators answer enough to fill it.
A one-coin matrix has one number, the skill p: p on the diagonal and q = (1 - p) / (K - 1)
off it (Zhang, Chen, Zhou and Jordan, Spectral Methods Meet EM, JMLR 17(102), 2016). Given
expected counts N, matrix theta and skill p of an annotator together maximise

    sum_kl N_kl log theta_kl  -  w sum_k KL(coin(p)_k || theta_k)  +  a log p + b log(1 - p)

For a given p, theta is the mean of counts and coin, (N_kl + w coin_kl) / (N_k + w). Put in,
that leaves a function of p alone which is concave, so bisection finds its only maximum and
an EM built on it can only rise. A small weight w gives Dawid and Skene's matrices, a large
one gives the one-coin model.
"""

from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray, shares_of, sum_by
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.reliability import BetaPrior

_BISECTIONS = 40
_LEAST_CHANCE = 1e-9
# From so many cells on it is done in machine code: equal to 1e-9, and fifteen times faster.
_COMPILED_FROM = 10_000


class ShrunkenConfusions(NamedTuple):
    """Hold the matrices (n_annotators, n_classes, n_classes) and the log of their prior."""

    confusion: FloatArray
    log_prior: float


def expected_confusion_counts(matrix: LabelMatrix, posterior: FloatArray) -> FloatArray:
    """Count labels by annotator, true class and label: (n_annotators, n_classes, n_classes)."""
    shape = (matrix.n_annotators, matrix.n_classes)
    counts = [
        sum_by(matrix.answer_cells, chance_of_class[matrix.task], shape[0] * shape[1])
        for chance_of_class in posterior.T
    ]
    return np.stack([count.reshape(shape) for count in counts], axis=1)


def shrunken_confusions(
    counts: FloatArray, *, weight: float, prior: BetaPrior
) -> ShrunkenConfusions:
    """Return the matrices that maximise the formula above, and what its prior terms add up to."""
    if counts.size >= _COMPILED_FROM and counts.shape[2] > 1:
        from crowd.aggregation.compiled_confusion import shrunken  # noqa: PLC0415 - loads Numba

        return ShrunkenConfusions(*shrunken(counts, weight, *prior))
    skill = _skills(counts, weight, prior)
    coin = one_coin_confusions(skill, counts.shape[2])
    confusion = shares_of(counts + weight * coin)
    log_prior = weight * np.sum(coin * (np.log(confusion) - np.log(coin)))
    log_prior += np.sum(prior.right * np.log(skill) + prior.wrong * np.log1p(-skill))
    return ShrunkenConfusions(confusion, float(log_prior))


def one_coin_confusions(skill: FloatArray, n_classes: int) -> FloatArray:
    """Return matrices with `skill` on the diagonal and the rest spread evenly off it."""
    if n_classes == 1:
        return np.ones((len(skill), 1, 1))
    slip = (1 - skill) / (n_classes - 1)
    return np.where(np.eye(n_classes, dtype=np.bool_), skill[:, None, None], slip[:, None, None])


def _skills(counts: FloatArray, weight: float, prior: BetaPrior) -> FloatArray:
    low = np.full(len(counts), _LEAST_CHANCE)
    high = 1 - low
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        rises = _slope(middle, counts, weight, prior) > 0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    skill: FloatArray = (low + high) / 2
    return skill


def _slope(skill: FloatArray, counts: FloatArray, weight: float, prior: BetaPrior) -> FloatArray:
    slope: FloatArray = prior.right / skill - prior.wrong / (1 - skill)
    n_classes = counts.shape[2]
    if n_classes == 1:  # Every answer is right, so the answers say nothing about skill.
        return slope
    coin = one_coin_confusions(skill, n_classes)
    pull = weight * np.log1p(counts / (weight * coin))
    right = np.trace(pull, axis1=1, axis2=2)
    wrong = pull.sum(axis=(1, 2)) - right
    slope += right - wrong / (n_classes - 1)
    return slope
