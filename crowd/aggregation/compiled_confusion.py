# ruff: noqa: PLR0917 - the loops take arrays one by one, and cannot take keywords
"""Find the shrunken confusion matrices of many annotators: confusion.py in machine code.

The slope over skill is the same; its root is found by Newton's method within a bracket instead
of by bisection, and the logarithms of an annotator are taken of products.
"""

import math

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.compiling import compiled, each_part, most_threads

_LEAST_CHANCE = 1e-9
# Newton's method squares what is missing, so that after such a step nothing is.
_LAST_STEP = 1e-8
_MOST_STEPS = 80
_LARGE_PRODUCT = 1e100
_PARTS = 8
_THREADS_FROM = 100_000


def shrunken(
    counts: FloatArray, weight: float, right: float, wrong: float
) -> tuple[FloatArray, float]:
    """Return the confusion matrices of two classes or more, and the log of their prior."""
    confusion, log_prior = np.empty(counts.shape), np.empty(len(counts))
    cuts = np.linspace(0, len(counts), _PARTS + 1).astype(np.int64)
    counts = np.array(counts, dtype=np.float64, order="C", copy=None)

    def work(part: int) -> None:
        first, last = int(cuts[part]), int(cuts[part + 1])
        shrink(counts, weight, right, wrong, first, last, confusion, log_prior)

    each_part(work, _PARTS, most_threads() if counts.size >= _THREADS_FROM else 1)
    return confusion, float(log_prior.sum())


@compiled
def shrink(
    counts: FloatArray,
    weight: float,
    right: float,
    wrong: float,
    first: int,
    last: int,
    confusion: FloatArray,
    log_prior: FloatArray,
) -> None:
    """Write matrices and log priors of the annotators `first` to `last`; two classes or more."""
    n_classes = counts.shape[1]
    for annotator in range(first, last):
        skill = _skill(counts[annotator], weight, right, wrong)
        slip = (1 - skill) / (n_classes - 1)
        log_skill, log_slip = math.log(skill), math.log(slip)
        total = right * log_skill + wrong * math.log1p(-skill)
        for true_class in range(n_classes):
            answers = 0.0
            for label in range(n_classes):
                answers += counts[annotator, true_class, label]
            for label in range(n_classes):
                chance = skill if label == true_class else slip
                share = counts[annotator, true_class, label] + weight * chance
                share /= answers + weight
                confusion[annotator, true_class, label] = share
                log_chance = log_skill if label == true_class else log_slip
                total += weight * chance * (math.log(share) - log_chance)
        log_prior[annotator] = total


@compiled
def _skill(counts: FloatArray, weight: float, right: float, wrong: float) -> float:
    low, high = _LEAST_CHANCE, 1 - _LEAST_CHANCE
    agreed, answers = right, right + wrong
    for true_class in range(len(counts)):
        agreed += counts[true_class, true_class]
        for label in range(len(counts)):
            answers += counts[true_class, label]
    skill = min(max(agreed / answers, low), high)
    for _ in range(_MOST_STEPS):
        slope, bend = _slope(skill, counts, weight, right, wrong)
        low, high = (skill, high) if slope > 0 else (low, skill)
        step = slope / bend
        if abs(step) <= _LAST_STEP:
            return min(max(skill - step, _LEAST_CHANCE), 1 - _LEAST_CHANCE)
        better = skill - step
        skill = better if low < better < high else (low + high) / 2
    return skill


@compiled
def _slope(
    skill: float, counts: FloatArray, weight: float, right: float, wrong: float
) -> tuple[float, float]:
    """Return the slope of the objective over skill, and the slope of that, which is below 0."""
    others = len(counts) - 1
    pull, slip_pull = weight * skill, weight * (1 - skill) / others
    bend = -right / skill**2 - wrong / (1 - skill) ** 2
    slope = right / skill - wrong / (1 - skill)
    agreed, differed = 1.0, 1.0
    right_bend, wrong_bend = 0.0, 0.0
    for true_class in range(len(counts)):
        for label in range(len(counts)):
            count = counts[true_class, label]
            if label == true_class:
                agreed *= 1 + count / pull
                right_bend += count / (pull + count)
            else:
                differed *= 1 + count / slip_pull
                wrong_bend += count / (slip_pull + count)
            if max(agreed, differed) > _LARGE_PRODUCT:  # Long before it would overflow.
                slope += weight * (math.log(agreed) - math.log(differed) / others)
                agreed, differed = 1.0, 1.0
    slope += weight * (math.log(agreed) - math.log(differed) / others)
    bend -= weight * (right_bend / skill + wrong_bend / ((1 - skill) * others))
    return slope, bend
