"""Judge one task as its labels arrive, without fitting anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, log
from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.reliability import NEWCOMER, BetaPrior, beta_estimates

# Lowest log-loss when ten public crowds were replayed with 3 to 7 labels a task. It is less than
# after a full fit, because reliabilities that were fitted before are cautious already.
FEW_LABELS_CORRELATION = 0.25

# Nobody is believed without limit, and nobody is believed to be always wrong.
_LEAST_RELIABILITY, _MOST_RELIABILITY = 0.001, 0.999


def posterior_of(
    answers: Sequence[int],
    reliabilities: Sequence[float],
    n_classes: int,
    correlation: float = FEW_LABELS_CORRELATION,
) -> FloatArray:
    """Return the probability of each class of one task: shape (n_classes,).

    An annotator answers right with their reliability and otherwise any wrong class equally
    often (the one-coin model); every class is equally likely beforehand. The posterior is
    tempered as in posteriors.py. Raise ValueError for input out of range.
    """
    _check_answers(answers, reliabilities, n_classes)
    # In plain Python: for a handful of labels ten times faster than arrays. The sums are exact,
    # so that the order of the labels does not show in the last digit.
    chances = [_log_chances(reliability, n_classes) for reliability in reliabilities]
    design_effect = 1 + correlation * max(len(answers) - 1, 0)
    votes = list(zip(answers, chances, strict=True))
    log_weights = [
        fsum(right if answer == each else wrong for answer, (right, wrong) in votes) / design_effect
        for each in range(n_classes)
    ]
    highest = max(log_weights)
    weights = [exp(weight - highest) for weight in log_weights]
    return np.array(weights) / fsum(weights)


def _log_chances(reliability: float, n_classes: int) -> tuple[float, float]:
    """Return the log of the chance of a right answer, and of each of the wrong ones."""
    right = min(max(reliability, _LEAST_RELIABILITY), _MOST_RELIABILITY)
    return log(right), log((1 - right) / max(n_classes - 1, 1))


@dataclass(frozen=True)
class StoppingRule:
    """Say when a task has labels enough.

    floor, ceiling: the fewest and the most labels a task gets, whatever the confidence.
    confidence: between them, ask on until the leading class is this probable.
    """

    floor: int
    ceiling: int
    confidence: float

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other."""
        if not 1 <= self.floor <= self.ceiling:
            raise ValueError("A stopping rule needs 1 <= floor <= ceiling.")
        if not 0 < self.confidence <= 1:
            raise ValueError("A stopping rule needs a confidence above 0 and at most 1.")

    def wants_more(self, n_labels: int, confidence: float) -> bool:
        """Say whether a task with so many labels and this confidence needs another label."""
        if n_labels < self.floor:
            return True
        return n_labels < self.ceiling and confidence < self.confidence


class Reliability(NamedTuple):
    """Hold one annotator's probability of answering right, with its 95 % limits."""

    mean: float
    low: float
    high: float


def reliability_from_gold(right: int, seen: int, prior: BetaPrior = NEWCOMER) -> Reliability:
    """Return the Beta posterior of an annotator with `right` answers on `seen` gold tasks."""
    if not 0 <= right <= seen:
        raise ValueError(f"{right} right answers on {seen} gold tasks cannot be.")
    estimate = beta_estimates(
        right=np.array([float(right)]),
        wrong=np.array([float(seen - right)]),
        doubt=np.zeros(1),  # Gold says for certain which answers were right.
        prior=prior,
    )
    return Reliability(float(estimate.mean[0]), float(estimate.low[0]), float(estimate.high[0]))


def _check_answers(answers: Sequence[int], reliabilities: Sequence[float], n_classes: int) -> None:
    if len(answers) != len(reliabilities):
        raise ValueError("Every answer needs the reliability of its annotator.")
    if n_classes < 1 or not all(0 <= answer < n_classes for answer in answers):
        raise ValueError(f"An answer is not in 0 to {n_classes - 1}.")
    if not all(0 <= reliability <= 1 for reliability in reliabilities):
        raise ValueError("A reliability is not in 0 to 1.")
