"""How right, and how honest about it, a posterior is."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.posteriors import decide

_N_BINS = 15
_LEAST_CHANCE = 1e-300


class Scores(NamedTuple):
    """Hold the scores of one posterior on the tasks whose truth is known.

    log_loss: mean of -log of the true class's probability.
    brier: mean squared distance of the posterior from the truth, summed over classes.
    calibration_error: mean distance between confidence and accuracy, over 15 bins of
        confidence of equal width, weighted by their tasks.
    least_chance: lowest probability that a true class got.
    """

    accuracy: float
    log_loss: float
    brier: float
    calibration_error: float
    least_chance: float


def scores_of(posterior: FloatArray, truth: Mapping[int, int]) -> Scores:
    """Score a posterior of shape (n_tasks, n_classes) by the true classes of some tasks.

    Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, ICML 2017 (the
    calibration error).
    """
    tasks = np.fromiter(truth.keys(), dtype=np.int64)
    answers = np.fromiter(truth.values(), dtype=np.int64)
    judged = posterior[tasks]
    of_truth = judged[np.arange(len(tasks)), answers]
    distance = judged - np.eye(posterior.shape[1])[answers]
    is_right = decide(judged) == answers
    return Scores(
        float(is_right.mean()),
        float(-np.log(np.maximum(of_truth, _LEAST_CHANCE)).mean()),
        float((distance**2).sum(axis=1).mean()),
        _calibration_error(judged.max(axis=1), is_right.astype(np.float64)),
        float(of_truth.min()),
    )


def _calibration_error(confidence: FloatArray, is_right: FloatArray) -> float:
    bins = np.minimum((confidence * _N_BINS).astype(np.int64), _N_BINS - 1)
    surplus = np.bincount(bins, weights=confidence - is_right, minlength=_N_BINS)
    return float(np.abs(surplus).sum() / len(confidence))
