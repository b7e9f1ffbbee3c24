"""Say how much accuracy one more label of a task is likely to bring.

A task's posterior says how doubtful it is, not whether asking helps: a task that annotators
dispute after many labels stays doubtful whatever one more of them says, and one that two have
answered is settled by a third. So what is looked at is the path of the log odds between the two
leading classes. A label moves them by the information in it, with a variance of twice that (as
it must be where the posterior is right about itself); after m labels more the answer may have
changed, and the chance that it is then right is known. The gain counts per label, for the best m
up to the ceiling, since a single label often changes nothing and two may.

Frazier and Powell, Paradoxes in Learning and the Marginal Value of Information, Decision Analysis
7(4), 2010 (the best number of measurements, by gain per measurement); Wald, Sequential Tests of
Statistical Hypotheses, Annals of Mathematical Statistics 16(2), 1945 (the walk of the log odds).
"""

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import FloatArray, IndexArray, shares_of
from crowd.aggregation.label_matrix import LabelMatrix

# Labels' worth of belief that a task is as easy as others, whatever its labels say.
_LIKE_OTHERS = 5.0
_LEAST_INFORMATION = 1e-3
_LEAST_CHANCE = 1e-300


def gain_per_label(fitted: Aggregator, matrix: LabelMatrix, ceiling: IndexArray) -> FloatArray:
    """Return the accuracy that each further label of a task is expected to bring: (n_tasks,).

    fitted: a model with confusion matrices, fitted to the matrix with correlation=0.
    ceiling: the most labels that each task can get, (n_tasks,); beyond it there is no gain.
    """
    left = np.maximum(ceiling - matrix.labels_per_task, 0)
    if matrix.n_classes == 1 or not left.any():
        return np.zeros(matrix.n_tasks)
    first, second = np.argsort(-fitted.posterior_, axis=1, kind="stable")[:, :2].T
    row = np.arange(matrix.n_tasks)
    leads = np.stack([fitted.posterior_[row, first], fitted.posterior_[row, second]])
    drift = _information(fitted, matrix)
    drifts = np.stack([drift[first, second], drift[second, first]])
    drifts *= _ease(leads, drifts.mean(axis=0), matrix.labels_per_task)
    best = np.zeros(matrix.n_tasks)
    for n_more in range(1, int(left.max()) + 1):
        # A task that is near its ceiling looks no further than there.
        steps = np.clip(left, 1, n_more)
        best = np.maximum(best, _gain(leads, drifts * steps) / steps)
    return np.where(left > 0, best, 0.0)


def _information(fitted: Aggregator, matrix: LabelMatrix) -> FloatArray:
    """Return what a label tells for its true class (row) against another, in nats.

    By a typical annotator: (n_classes, n_classes).
    """
    weight = shares_of(matrix.labels_per_annotator.astype(np.float64))
    chance = np.maximum(fitted.confusion_, _LEAST_CHANCE)
    log_chance = np.log(chance)
    for_itself = np.einsum("a,ack,ack->c", weight, chance, log_chance)
    for_others = np.einsum("a,ack,adk->cd", weight, chance, log_chance, optimize=True)
    return np.asarray(np.maximum(for_itself[:, None] - for_others, _LEAST_INFORMATION))


def _ease(leads: FloatArray, drift: FloatArray, n_labels: IndexArray) -> FloatArray:
    """Return how far a task moves as others do, at most 1: (n_tasks,).

    Its labels have moved its log odds so far; those of a task like the others would have moved
    them by `drift` each.
    """
    as_if_labels = np.abs(_log_odds(leads)) / drift
    return np.minimum((_LIKE_OTHERS + as_if_labels) / (_LIKE_OTHERS + n_labels), 1.0)


def _gain(leads: FloatArray, drifts: FloatArray) -> FloatArray:
    """Return how much likelier the answer is right after the log odds moved so: (n_tasks,)."""
    # SciPy takes a moment to load, which a web process shall not pay for.
    from scipy.special import ndtr  # noqa: PLC0415

    odds = _log_odds(leads)
    stays = leads[0] * ndtr((drifts[0] + odds) / np.sqrt(2 * drifts[0]))
    turns = leads[1] * ndtr((drifts[1] - odds) / np.sqrt(2 * drifts[1]))
    return np.asarray(np.maximum(stays + turns - leads[0], 0.0))


def _log_odds(leads: FloatArray) -> FloatArray:
    first, second = np.log(np.maximum(leads, _LEAST_CHANCE))
    return np.asarray(first - second)
