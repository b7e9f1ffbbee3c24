"""Put limits around any coefficient of agreement that is made of sums over tasks.

Tasks are taken as drawn at random and annotators as given. The limits are on the scale
log(1 - value), so that they stay below 1.

Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 11 (jackknife) and 13
(percentile intervals).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray

_MOST_DRAWS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Coefficient:
    """Hold a coefficient with its 95 % limits; None is what cannot be estimated.

    error: standard error of the value itself, by jackknife. n_tasks: tasks that it rests on.
    """

    value: float | None
    low: float | None
    high: float | None
    error: float | None
    n_tasks: int


class TaskSums(NamedTuple):
    """Hold what a coefficient is made of.

    parts: what each kind of task adds to the sums, shape (n_rows, n_parts).
    times: tasks of each kind, shape (n_rows,).
    value: turns sums (..., n_parts) into coefficients (...), NaN where there is none.
    """

    parts: FloatArray
    times: FloatArray
    value: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Bootstrap:
    """Ask for limits from samples of tasks drawn with replacement, instead of the jackknife."""

    samples: int = 1000
    seed: int = 0


def coefficient_of(
    sums: TaskSums, *, n_tasks: int, bootstrap: Bootstrap | None = None
) -> Coefficient:
    """Return the coefficient with its limits.

    The limits cannot be estimated where there was no disagreement, or where the coefficient
    hangs on one task.
    """
    total = sums.times @ sums.parts
    value = float(sums.value(total))
    if np.isnan(value):
        return Coefficient(None, None, None, None, n_tasks)
    without_one = sums.value(total - sums.parts)
    limits = (
        jackknife_limits(value, without_one, sums.times)
        if bootstrap is None
        else bootstrap_limits(_resampled(sums, bootstrap))
    )
    return Coefficient(value, *limits, _jackknife_error(without_one, sums.times), n_tasks)


def jackknife_limits(
    value: float, without_one: FloatArray, times: FloatArray
) -> tuple[float | None, float | None]:
    """Return 95 % limits from the values without one task, or None twice."""
    from scipy.special import stdtrit  # noqa: PLC0415 - see reliability.py

    if value >= 1 or not (without_one < 1).all():  # Also where one is not a number.
        return None, None
    error = _jackknife_error(np.log1p(-without_one), times)
    if error is None:
        return None, None
    reach = float(stdtrit(times.sum() - 1, 0.975)) * error
    return float(1 - (1 - value) * np.exp(reach)), float(1 - (1 - value) * np.exp(-reach))


def bootstrap_limits(values: FloatArray) -> tuple[float | None, float | None]:
    """Return the 2.5 and 97.5 percentiles, or None twice where the samples do not differ."""
    values = values[~np.isnan(values)]
    if len(values) < 2 or values.min() == values.max():
        return None, None
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _jackknife_error(without_one: FloatArray, times: FloatArray) -> float | None:
    n_tasks = times.sum()
    if n_tasks < 2 or not np.isfinite(without_one).all():
        return None
    mean = times @ without_one / n_tasks
    return float(np.sqrt((n_tasks - 1) / n_tasks * (times @ (without_one - mean) ** 2)))


def _resampled(sums: TaskSums, bootstrap: Bootstrap) -> FloatArray:
    generator = np.random.default_rng(bootstrap.seed)
    n_tasks = int(sums.times.sum())
    at_once = max(1, _MOST_DRAWS_AT_ONCE // len(sums.times))
    values = []
    for start in range(0, bootstrap.samples, at_once):
        size = min(at_once, bootstrap.samples - start)
        draws = generator.multinomial(n_tasks, sums.times / n_tasks, size=size)
        values.append(sums.value(draws @ sums.parts))
    return np.concatenate(values)
