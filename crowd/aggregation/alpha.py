"""Measure agreement by Krippendorff's alpha, at any level of measurement or by any distance.

alpha = 1 - observed / expected disagreement: 1 is perfect, 0 is what chance gives. Only
tasks with two labels or more count. It cannot be estimated where nobody used a second class.

Krippendorff, Computing Krippendorff's Alpha-Reliability, University of Pennsylvania, 2011.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.coefficients import (
    Bootstrap,
    Coefficient,
    TaskSums,
    bootstrap_limits,
    coefficient_of,
    jackknife_limits,
)
from crowd.aggregation.distances import Level, fixed_distances
from crowd.aggregation.vote_table import VoteTable

Answer = TypeVar("Answer")
_FEWEST_LABELS = 2


def alpha(
    table: VoteTable,
    level: Level = Level.NOMINAL,
    *,
    values: Sequence[float] | None = None,
    bootstrap: Bootstrap | None = None,
) -> Coefficient:
    """Return alpha at a level of measurement.

    values: the number that each class stands for, for intervals and ratios (else its place).
    """
    used = table.with_at_least(_FEWEST_LABELS)
    if level is Level.ORDINAL:
        sums = _ordinal_sums(used)
    else:
        n_classes = table.rows.shape[1]
        numbers = np.asarray(range(n_classes) if values is None else values, dtype=np.float64)
        if numbers.shape != (n_classes,) or not np.isfinite(numbers).all():
            raise ValueError("Every class needs one finite number.")
        sums = alpha_sums(used, fixed_distances(level, numbers))
    return coefficient_of(sums, n_tasks=int(used.times.sum()), bootstrap=bootstrap)


def alpha_by_distance(
    table: VoteTable, distances: FloatArray, *, bootstrap: Bootstrap | None = None
) -> Coefficient:
    """Return alpha by squared distances of your own, shape (n_classes, n_classes)."""
    if distances.shape != (table.rows.shape[1],) * 2 or (distances != distances.T).any():
        raise ValueError("Distances are a symmetric matrix with a row per class.")
    if (distances < 0).any() or np.diag(distances).any():
        raise ValueError("Distances are not below zero, and zero from a class to itself.")
    used = table.with_at_least(_FEWEST_LABELS)
    sums = alpha_sums(used, distances)
    return coefficient_of(sums, n_tasks=int(used.times.sum()), bootstrap=bootstrap)


def alpha_sums(table: VoteTable, distances: FloatArray) -> TaskSums:
    """Return the sums that alpha is made of, for fixed squared distances between classes."""
    rows = table.rows
    pairs = ((rows @ distances) * rows).sum(axis=1)
    # The distance of a class to itself is zero, so that no label is paired with itself.
    disagreement = pairs / (rows.sum(axis=1) - 1)

    def value(sums: FloatArray) -> FloatArray:
        by_class = sums[..., :-1]
        labels = by_class.sum(axis=-1)
        chance = ((by_class @ distances) * by_class).sum(axis=-1)
        return _beyond_chance((labels - 1) * sums[..., -1], chance)

    return TaskSums(np.column_stack([rows, disagreement]), table.times, value)


def _ordinal_sums(table: VoteTable) -> TaskSums:
    """Two classes are as far apart as the labels in and between them, half of each end's own.

    So the distances follow from the sums, and the parts are whole coincidence matrices.
    """
    rows = table.rows
    n_classes = rows.shape[1]
    coincidences = rows[:, :, None] * rows[:, None, :]
    coincidences[:, np.arange(n_classes), np.arange(n_classes)] -= rows
    coincidences /= (rows.sum(axis=1) - 1)[:, None, None]

    def value(sums: FloatArray) -> FloatArray:
        observed = sums.reshape(*sums.shape[:-1], n_classes, n_classes)
        by_class = observed.sum(axis=-1)
        middle = by_class.cumsum(axis=-1) - by_class / 2
        distances = (middle[..., :, None] - middle[..., None, :]) ** 2
        expected = by_class[..., :, None] * by_class[..., None, :]
        labels = by_class.sum(axis=-1)
        disagreement = (observed * distances).sum(axis=(-2, -1))
        return _beyond_chance((labels - 1) * disagreement, (expected * distances).sum((-2, -1)))

    return TaskSums(coincidences.reshape(len(rows), -1), table.times, value)


def _beyond_chance(observed: FloatArray, chance: FloatArray) -> FloatArray:
    # A single class leaves no chance of disagreement, and alpha undefined.
    chance = np.where(chance > 0, chance, np.nan)
    return np.asarray(1 - observed / chance)


def alpha_of_answers(
    tasks: Sequence[Sequence[Answer]],
    distance: Callable[[Answer, Answer], float],
    *,
    bootstrap: Bootstrap | None = None,
) -> Coefficient:
    """Return alpha for answers of any kind: spans, boxes, texts, rankings.

    tasks: the answers to each task. distance: 0 for answers that are alike, and symmetric; it
    is squared here, and called for every pair of answers, so sample a few hundred tasks
    where there are many.
    """
    used = [answers for answers in tasks if len(answers) >= _FEWEST_LABELS]
    n_labels = np.array([len(answers) for answers in used], dtype=np.float64)
    apart = _between_tasks(used, distance)
    within = np.diag(apart)
    disagreement = np.where(n_labels > 1, within / np.maximum(n_labels - 1, 1), 0)

    def value(weights: FloatArray) -> FloatArray:
        labels = weights @ n_labels
        chance = ((weights @ apart) * weights).sum(axis=-1)
        return _beyond_chance((labels - 1) * (weights @ disagreement), chance)

    every = np.ones(len(used))
    result = float(value(every))
    if np.isnan(result):
        return Coefficient(None, None, None, None, len(used))
    without_one = value(1 - np.eye(len(used)))
    limits = jackknife_limits(result, without_one, every)
    if bootstrap is not None:
        generator = np.random.default_rng(bootstrap.seed)
        draws = generator.multinomial(len(used), every / len(used), size=bootstrap.samples)
        limits = bootstrap_limits(value(draws.astype(np.float64)))
    error = float(np.sqrt((len(used) - 1) * without_one.var()))
    return Coefficient(result, *limits, error if np.isfinite(error) else None, len(used))


def _between_tasks(
    tasks: Sequence[Sequence[Answer]], distance: Callable[[Answer, Answer], float]
) -> FloatArray:
    """Add up the squared distances of all pairs of answers: shape (n_tasks, n_tasks)."""
    apart = np.zeros((len(tasks), len(tasks)))
    for i, first in enumerate(tasks):
        for j in range(i, len(tasks)):
            total = sum(distance(one, other) ** 2 for one in first for other in tasks[j])
            apart[i, j] = apart[j, i] = total
    return apart
