"""Estimate how often an annotator answers right, with a 95 % interval."""

from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray, sum_by
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.row_order import COMPILED_FROM

_TAIL = 0.025


class BetaPrior(NamedTuple):
    """Say what is believed before any answer, counted as answers already seen."""

    right: float
    wrong: float


# Six imagined answers, four of them right. Real annotators average about 0.72 with a wide
# spread, so it is cautious about newcomers, and a few gold tasks outweigh it.
NEWCOMER = BetaPrior(right=4.0, wrong=2.0)


class Reliabilities(NamedTuple):
    """Hold the estimates with their 95 % limits: three arrays of shape (n_annotators,)."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray


def reliabilities_of(
    matrix: LabelMatrix, posterior: FloatArray, prior: BetaPrior = NEWCOMER
) -> Reliabilities:
    """Estimate every annotator's probability of answering right under a task posterior.

    A label is right with the posterior probability q of its class. The number of right
    labels is thus uncertain itself, with variance sum q (1 - q), and the interval contains
    both that and the sampling of a Beta posterior. Gold tasks have q of 0 or 1.
    """
    right, doubt = right_labels(matrix, posterior)
    return beta_estimates(right, matrix.labels_per_annotator - right, doubt, prior)


def beta_estimates(
    right: FloatArray, wrong: FloatArray, doubt: FloatArray, prior: BetaPrior
) -> Reliabilities:
    """Return mean and 95 % limits for right and wrong counts, `doubt` the variance of `right`.

    The law of total variance over the unknown count gives mean and variance of the
    reliability; the limits are those of the Beta distribution with that mean and variance.
    """
    if min(prior) <= 0:
        raise ValueError("A prior needs more than zero right and wrong answers.")
    strength = right + wrong + sum(prior)
    mean = (prior.right + right) / strength
    spread = mean * (1 - mean) - doubt / strength**2
    variance = spread / (strength + 1) + doubt / strength**2
    low, high = _beta_limits(mean, mean * (1 - mean) / variance - 1)
    return Reliabilities(mean, low, high)


def right_labels(matrix: LabelMatrix, posterior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the expected number of right labels of each annotator, and its variance."""
    if matrix.n_labels >= COMPILED_FROM:
        from crowd.aggregation import compiled_steps  # noqa: PLC0415 - loads Numba

        return compiled_steps.right_labels(matrix, posterior)
    right_chance = posterior[matrix.task, matrix.label]
    doubts = right_chance * (1 - right_chance)
    return (
        sum_by(matrix.annotator, right_chance, matrix.n_annotators),
        sum_by(matrix.annotator, doubts, matrix.n_annotators),
    )


def _beta_limits(mean: FloatArray, strength: FloatArray) -> tuple[FloatArray, FloatArray]:
    # SciPy takes 25 MB and a moment to load, and a web process may never need a limit.
    from scipy.special import betaincinv  # noqa: PLC0415

    right, wrong = mean * strength, (1 - mean) * strength
    low = betaincinv(right, wrong, _TAIL)
    high = betaincinv(right, wrong, 1 - _TAIL)
    return np.asarray(low), np.asarray(high)
