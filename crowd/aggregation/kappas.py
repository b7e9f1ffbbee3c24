"""Measure agreement by Fleiss' kappa and by Gwet's AC1 and AC2, for any number of annotators.

Both are (agreement - chance) / (1 - chance) and share the agreement: the mean over tasks of
how often two of a task's annotators agree. Chance differs: two annotators who answer by the
shares of the classes (kappa), or who answer at random now and then (AC1), which does not
break down where one class is rare.

Tasks with one label say nothing of agreement, but count for the shares of the classes, and a
task counts once however many labels it has; with equally many labels everywhere this is the
formula of 1971.

Fleiss, Measuring Nominal Scale Agreement among Many Raters, Psychological Bulletin 76(5),
1971. Gwet, Computing Inter-Rater Reliability and Its Variance in the Presence of High
Agreement, British Journal of Mathematical and Statistical Psychology 61(1), 2008; Handbook
of Inter-Rater Reliability, 4th edition, 2014, chapters 2 to 5 (missing labels, weights).
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.coefficients import Bootstrap, Coefficient, TaskSums, coefficient_of
from crowd.aggregation.vote_table import VoteTable


class Weights(StrEnum):
    """Say how much of an agreement two different classes are; classes are in order."""

    IDENTITY = "identity"
    """Nothing."""
    LINEAR = "linear"
    """Less by the same amount with every class between."""
    QUADRATIC = "quadratic"
    """Less by the square of the places between."""


def agreement_weights(weights: Weights, n_classes: int) -> FloatArray:
    """Return how far each two classes agree: 1 on the diagonal, at least 0 off it."""
    if weights is Weights.IDENTITY or n_classes == 1:
        return np.eye(n_classes)
    places = np.arange(n_classes)
    apart = np.abs(np.subtract.outer(places, places)) / (n_classes - 1)
    return np.asarray(1 - apart ** (1 if weights is Weights.LINEAR else 2))


def fleiss_kappa(
    table: VoteTable,
    *,
    weights: Weights = Weights.IDENTITY,
    bootstrap: Bootstrap | None = None,
) -> Coefficient:
    """Return Fleiss' kappa, weighted where classes are in order."""
    matrix = agreement_weights(weights, table.rows.shape[1])

    def chance(shares: FloatArray) -> FloatArray:
        return np.asarray(((shares @ matrix) * shares).sum(axis=-1))

    return _kappa(table, matrix, chance, bootstrap)


def gwet_ac1(table: VoteTable, *, bootstrap: Bootstrap | None = None) -> Coefficient:
    """Return Gwet's AC1, for classes without an order."""
    return gwet_ac2(table, weights=Weights.IDENTITY, bootstrap=bootstrap)


def gwet_ac2(
    table: VoteTable,
    *,
    weights: Weights = Weights.QUADRATIC,
    bootstrap: Bootstrap | None = None,
) -> Coefficient:
    """Return Gwet's AC2, for classes in order; it counts all classes, also those not used."""
    n_classes = table.rows.shape[1]
    matrix = agreement_weights(weights, n_classes)
    scale = matrix.sum() / max(n_classes * (n_classes - 1), 1)

    def chance(shares: FloatArray) -> FloatArray:
        if n_classes == 1:  # Nobody could disagree.
            return np.ones(shares.shape[:-1])
        return np.asarray(scale * (shares * (1 - shares)).sum(axis=-1))

    return _kappa(table, matrix, chance, bootstrap)


def _kappa(
    table: VoteTable,
    weights: FloatArray,
    chance: Callable[[FloatArray], FloatArray],
    bootstrap: Bootstrap | None,
) -> Coefficient:
    used = table.with_at_least(1)
    labels = used.rows.sum(axis=1)
    shares = used.rows / labels[:, None]
    pairs = np.maximum(labels * (labels - 1), 1)
    agreement = (used.rows * (used.rows @ weights - 1)).sum(axis=1) / pairs
    counts = np.column_stack([labels > 1, np.where(labels > 1, agreement, 0)])

    def value(sums: FloatArray) -> FloatArray:
        compared = np.where(sums[..., 0] > 0, sums[..., 0], np.nan)
        n_tasks = np.where(sums[..., 2] > 0, sums[..., 2], np.nan)
        by_chance = chance(sums[..., 3:] / n_tasks[..., None])
        by_chance = np.where(by_chance < 1, by_chance, np.nan)
        return np.asarray(1 - (1 - sums[..., 1] / compared) / (1 - by_chance))

    parts = np.column_stack([counts, np.ones(len(labels)), shares])
    n_tasks = int(used.times[labels > 1].sum())
    return coefficient_of(TaskSums(parts, used.times, value), n_tasks=n_tasks, bootstrap=bootstrap)
