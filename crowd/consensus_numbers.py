"""Consensus for numbers: weighted means with limits, or medians where those foretell better."""

from collections.abc import Mapping
from dataclasses import replace
from math import erf, inf, sqrt

import numpy as np

from crowd.aggregation import GaussianCrowd, NumberRows
from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.gaussian import FEWEST_KNOWN
from crowd.consensus_estimates import (
    agreement_by,
    estimates_of,
    require_enough,
    solution_of,
    with_known,
)
from crowd.consensus_problem import (
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    UnfitError,
    rounded,
)
from crowd.task_types.answers import ANSWER, number_of
from crowd.task_types.number import Number
from folkmoot.kernel.json_values import Json, JsonObject

_NORMAL_975 = 1.959963984540054
# By how much the squared errors of means must exceed those of medians: less may be chance.
_CLEARLY_WORSE = 1.05
_ANSWERS_FORETOLD = 2000
_FEWEST_TO_COMPARE = 3


def solve_by_numbers(problem: ConsensusProblem, kind: Number) -> ConsensusSolution:
    """Fit bias and variance of each annotator; the confidence is the chance to be near enough.

    Near enough is the schema's tolerance or half a step. Without either it is the usual error of
    one annotator: the answer is then at least as good as asking somebody once more would be.
    """
    require_enough(problem)
    rows = NumberRows.from_answers((task, who, _number(said)) for task, who, said in problem.labels)
    _refuse_outliers(rows)
    known = {
        index: _number(problem.known[task])
        for index, task in enumerate(rows.task_names)
        if task in problem.gold
    }
    fitted = GaussianCrowd().fit(rows, known)
    near = kind.near_enough(problem.schema) or float(np.sqrt(fitted.variance_.mean()))
    solution = solution_of(
        problem,
        fitted,
        with_known(problem, _tasks(problem, kind, rows, fitted, near)),
        estimates_of(problem, kind, _chances(rows, fitted, near), _traits(rows, fitted)),
        agreement_by(problem, lambda one, other: abs(_number(one) - _number(other))),
        near_enough=rounded(near),
    )
    return replace(solution, calibration=_told(fitted, len(known)))


def _number(answer: Json) -> float:
    return float(number_of(answer, ANSWER))


def _told(fitted: GaussianCrowd, n_gold: int) -> JsonObject:
    """Say whether gold set the width of the limits, and with it the confidence."""
    method = "conformal" if fitted.n_known_ else "none"
    return {"method": method, "n_gold": n_gold, "fewest_gold": FEWEST_KNOWN}


def _refuse_outliers(rows: NumberRows) -> None:
    """Raise UnfitError where medians foretell left-out answers better than means do.

    A few answers far off spoil every mean that they are part of.
    """
    counts = np.bincount(rows.task, minlength=rows.n_tasks)
    starts = np.cumsum(counts) - counts
    usable = np.flatnonzero(counts[rows.task] >= _FEWEST_TO_COMPARE)
    step = max(len(usable) // _ANSWERS_FORETOLD, 1)
    by_mean = by_median = 0.0
    for row in usable[::step].tolist():
        start = int(starts[rows.task[row]])
        others = np.delete(rows.value[start : start + int(counts[rows.task[row]])], row - start)
        by_mean += (rows.value[row] - others.mean()) ** 2
        by_median += (rows.value[row] - np.median(others)) ** 2
    if by_mean > _CLEARLY_WORSE * by_median:
        raise UnfitError("Some answers lie so far off that medians foretell others better.")


def _tasks(
    problem: ConsensusProblem, kind: Number, rows: NumberRows, fitted: GaussianCrowd, near: float
) -> list[TaskConsensus]:
    counts = np.bincount(rows.task, minlength=rows.n_tasks)
    error = (fitted.high_ - fitted.values_) / _NORMAL_975
    found = []
    for index, task in enumerate(rows.task_names):
        value, doubt = float(fitted.values_[index]), float(error[index])
        answer = kind.nearest(problem.schema, value, doubt)
        found.append(
            TaskConsensus(
                task=task,
                answer=answer,
                confidence=rounded(_chance_near(_number(answer) - value, doubt, near)),
                posterior=(),
                n_labels=int(counts[index]),
                low=rounded(fitted.low_[index]),
                high=rounded(fitted.high_[index]),
            )
        )
    return found


def _chances(
    rows: NumberRows, fitted: GaussianCrowd, near: float
) -> Mapping[tuple[str, str], float]:
    """Return the chance that each answer is near enough to the true number."""
    error = (fitted.high_ - fitted.values_) / _NORMAL_975
    shared = np.bincount(rows.task, minlength=rows.n_tasks) > 1
    apart: FloatArray = rows.value - fitted.values_[rows.task]
    return {
        (rows.task_names[task], rows.annotator_names[who]): _chance_near(off, error[task], near)
        for task, who, off in zip(
            rows.task.tolist(), rows.annotator.tolist(), apart.tolist(), strict=True
        )
        if shared[task]  # An answer that stands alone says nothing about who gave it.
    }


def _chance_near(apart: float, error: float, near: float) -> float:
    """Return the chance that a number is within `near` of what is `apart` from its mean."""
    if error <= 0 or error == inf:
        return float(abs(apart) <= near) if error <= 0 else 0.0
    return (erf((near - apart) / error / sqrt(2)) - erf((-near - apart) / error / sqrt(2))) / 2


def _traits(rows: NumberRows, fitted: GaussianCrowd) -> dict[str, dict[str, float]]:
    return {
        name: {"bias": float(fitted.bias_[who]), "spread": float(np.sqrt(fitted.variance_[who]))}
        for who, name in enumerate(rows.annotator_names)
    }
