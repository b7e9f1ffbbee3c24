"""Say from a pilot how accurate a project will be with more labels a task, and what that costs.

Within the pilot's own redundancy accuracy is measured: labels are replayed in random orders, and
after each round the consensus is compared with gold. Beyond it a model goes on from there. Tasks
differ: the answers to a task of class k come with chances drawn from a Dirichlet distribution
around row k of the crowd's confusion matrix. The less concentrated it is, the more the
annotators of one task err together, and the sooner more labels stop helping: some tasks have a
wrong answer that most people give. Concentration is the most likely one given the pilot.

The measured error at the pilot's redundancy is multiplied by what the model says is left of it.
Limits come from drawing the pilot's tasks anew. Without gold the consensus of the whole pilot
stands in for it, and errors that annotators share cannot be seen: the limits then span what
follows if they share none and if they share many, and may still be too hopeful.

Minka, Estimating a Dirichlet distribution, technical report, MIT, 2000 (the likelihood of counts).
Sheng, Provost and Ipeirotis, Get Another Label?, KDD 2008 (accuracy as labels are repeated).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crowd.aggregation.arrays import FloatArray, IndexArray, shares_of
from crowd.aggregation.dawid_skene import DawidSkene
from crowd.aggregation.incremental import OnlineConsensus
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.online import FEW_LABELS_CORRELATION
from crowd.aggregation.posteriors import decide

# With fewer gold tasks, one of them would move accuracy by five points.
FEWEST_GOLD = 20
FEWEST_TASKS = 20
MOST_LABELS = 50
_CONCENTRATIONS = np.geomspace(0.5, 500, 25)
_SIMULATED_TASKS = 4000
_SAMPLES = 1000
_ORDERS = 10
_IMAGINED = 1.0
# How far annotators may err together where no gold shows it: not at all, as much as lowered
# log-loss most on public crowds of 3 to 7 labels a task, and as much as with many labels.
_CORRELATIONS = (0.0, FEW_LABELS_CORRELATION, 0.5)


@dataclass(frozen=True, eq=False)
class Forecast:
    """Hold the accuracy expected with 1, 2, ... labels a task, with 95 % limits.

    accuracy, low, high: shape (MOST_LABELS,). n_measured: the first of them were measured.
    most, most_low, most_high: the accuracy that no number of labels exceeds.
    n_gold: gold tasks that it rests on, 0 where the consensus stands in for gold.
    samples: accuracy in each sample of the pilot's tasks, shape (n_samples, MOST_LABELS).
    """

    accuracy: FloatArray
    low: FloatArray
    high: FloatArray
    n_measured: int
    most: float
    most_low: float
    most_high: float
    n_gold: int
    samples: FloatArray


@dataclass(frozen=True)
class LabelsNeeded:
    """Say how many labels a task an accuracy needs; None is more than any number that helps."""

    labels: int | None
    low: int | None
    high: int | None


class _Pilot(NamedTuple):
    """The tasks that can be judged: votes and truth (n_tasks, n_classes)."""

    votes: FloatArray
    truth: FloatArray
    right: FloatArray  # (n_rounds, n_tasks), how often it came out right after each round


class _Forecast(NamedTuple):
    n_measured: int
    expected: FloatArray
    samples: FloatArray


def labels_needed(forecast: Forecast, accuracy: float) -> LabelsNeeded:
    """Return the labels a task at which this accuracy is expected, with 95 % limits."""
    if not 0 < accuracy < 1:
        raise ValueError("An accuracy lies between 0 and 1.")
    reached = np.sort(_first_reached(forecast.samples, accuracy))
    low, high = reached[int(0.025 * len(reached))], reached[int(0.975 * len(reached))]
    expected = _first_reached(forecast.accuracy[None, :], accuracy)[0]
    return LabelsNeeded(
        *(int(each) if each <= MOST_LABELS else None for each in (expected, low, high))
    )


def forecast_accuracy(
    matrix: LabelMatrix, known: Mapping[int, int] | None = None, *, seed: int = 0
) -> Forecast:
    """Forecast accuracy by labels a task. Raise ValueError for a pilot that is too small.

    known: gold answers by task index; fewer than FEWEST_GOLD count for the fit alone.
    """
    known = known or {}
    if matrix.n_tasks < FEWEST_TASKS or matrix.n_labels < 2 * matrix.n_tasks:
        raise ValueError(f"A pilot needs {FEWEST_TASKS} tasks or more, with two labels each.")
    generator = np.random.default_rng(seed)
    has_gold = len(known) >= FEWEST_GOLD
    judged = np.array(sorted(known)) if has_gold else np.flatnonzero(matrix.labels_per_task)
    forecasts = [
        _forecast(matrix, _truth(matrix, known, correlation), judged, generator)
        for correlation in ((0.0,) if has_gold else _CORRELATIONS)
    ]
    n_measured, expected, _ = forecasts[len(forecasts) // 2]
    samples = np.concatenate([each.samples for each in forecasts])
    low, high = np.quantile(samples, (0.025, 0.975), axis=0)
    return Forecast(
        accuracy=expected[:-1],
        low=low[:-1],
        high=high[:-1],
        n_measured=n_measured,
        most=float(expected[-1]),
        most_low=float(low[-1]),
        most_high=float(high[-1]),
        n_gold=len(known) if has_gold else 0,
        samples=samples[:, :-1],
    )


def _first_reached(curves: FloatArray, accuracy: float) -> IndexArray:
    reached = curves >= accuracy
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, MOST_LABELS + 1)


def _forecast(
    matrix: LabelMatrix, truth: FloatArray, judged: IndexArray, generator: np.random.Generator
) -> _Forecast:
    pilot = _judged(matrix, truth, judged, generator)
    curves, likelihood = _model_curves(pilot, generator)
    n_tasks = len(judged)
    draws = generator.multinomial(n_tasks, np.full(n_tasks, 1 / n_tasks), size=_SAMPLES)
    expected = _anchored(pilot, curves, likelihood, np.ones((1, n_tasks)))[0]
    samples = _anchored(pilot, curves, likelihood, draws.astype(np.float64))
    return _Forecast(len(pilot.right), expected, samples)


def _truth(matrix: LabelMatrix, known: Mapping[int, int], correlation: float) -> FloatArray:
    return DawidSkene(correlation=correlation).fit(matrix, known).posterior_


def _judged(
    matrix: LabelMatrix, truth: FloatArray, judged: IndexArray, generator: np.random.Generator
) -> _Pilot:
    # So many labels nine tasks in ten have; beyond, too few would be compared.
    n_rounds = int(np.quantile(matrix.labels_per_task[judged], 0.1, method="lower"))
    n_rounds = min(max(n_rounds, 1), MOST_LABELS)
    replays = [_replayed(matrix, n_rounds, truth, generator) for _ in range(_ORDERS)]
    right = np.mean(replays, axis=0)[:, judged]
    return _Pilot(matrix.votes()[judged], truth[judged], right)


def _replayed(
    matrix: LabelMatrix, n_rounds: int, truth: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Return the chance that each task is right after each round: (n_rounds, n_tasks)."""
    order = np.lexsort((generator.random(matrix.n_labels), matrix.task))
    first = np.cumsum(matrix.labels_per_task) - matrix.labels_per_task
    place = np.arange(matrix.n_labels) - first[matrix.task]
    online = OnlineConsensus(matrix.n_classes)
    right = []
    for turn in range(n_rounds):
        rows = order[place == turn]
        columns = (matrix.task[rows], matrix.annotator[rows], matrix.label[rows])
        for task, annotator, label in zip(*(each.tolist() for each in columns), strict=True):
            online.partial_fit(task, annotator, label)
        posterior = np.array([online.posterior(task) for task in range(matrix.n_tasks)])
        right.append(truth[np.arange(matrix.n_tasks), decide(posterior)])
    return np.array(right)


def _model_curves(pilot: _Pilot, generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return for each concentration the accuracy by labels, and the likelihood of each task.

    The last accuracy is that of labels without end. Shapes (n_concentrations, MOST_LABELS + 1)
    and (n_concentrations, n_tasks).
    """
    n_classes = pilot.votes.shape[1]
    confusion = shares_of(pilot.truth.T @ pilot.votes + _IMAGINED / n_classes)
    class_shares = shares_of(pilot.truth.sum(axis=0) + _IMAGINED / n_classes)
    log_confusion = np.log(confusion)
    seed = int(generator.integers(2**31))
    curves = [
        # The same seed for all, so that they differ by the concentration alone.
        _simulated(confusion * each, log_confusion, class_shares, np.random.default_rng(seed))
        for each in _CONCENTRATIONS
    ]
    likelihood = [_log_likelihood(pilot, confusion * each) for each in _CONCENTRATIONS]
    return np.array(curves), np.array(likelihood)


def _simulated(
    strength: FloatArray,
    log_confusion: FloatArray,
    class_shares: FloatArray,
    generator: np.random.Generator,
) -> FloatArray:
    truth = generator.choice(len(class_shares), _SIMULATED_TASKS, p=class_shares)
    chances = shares_of(generator.standard_gamma(strength[truth]) + 1e-300)
    draws = generator.random((_SIMULATED_TASKS, MOST_LABELS, 1))
    labels = (chances.cumsum(axis=1)[:, None, :-1] < draws).sum(axis=2)
    evidence = log_confusion.T[labels].cumsum(axis=1) + np.log(class_shares)
    right = (evidence.argmax(axis=2) == truth[:, None]).mean(axis=0)
    without_end = ((chances @ log_confusion.T).argmax(axis=1) == truth).mean()
    return np.maximum.accumulate(np.append(right, max(without_end, right.max())))


def _log_likelihood(pilot: _Pilot, strength: FloatArray) -> FloatArray:
    """Return how likely the votes of each task are: shape (n_tasks,)."""
    from scipy.special import gammaln  # noqa: PLC0415 - see reliability.py

    votes = pilot.votes[:, None, :]
    by_class = (gammaln(votes + strength) - gammaln(strength)).sum(axis=2)
    total, n_labels = strength.sum(axis=1), pilot.votes.sum(axis=1, keepdims=True)
    by_class += gammaln(total) - gammaln(total + n_labels)
    return np.asarray((pilot.truth * by_class).sum(axis=1))


def _anchored(
    pilot: _Pilot, curves: FloatArray, likelihood: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return accuracy by labels for each weighting of the tasks: (n_samples, MOST_LABELS + 1)."""
    n_measured = len(pilot.right)
    measured = weights @ pilot.right.T / weights.sum(axis=1, keepdims=True)
    model = 1 - curves[(weights @ likelihood.T).argmax(axis=1)]
    anchor = model[:, n_measured - 1, None]
    left = np.divide(
        model[:, n_measured:], anchor, out=np.ones_like(model[:, n_measured:]), where=anchor > 0
    )
    beyond = 1 - (1 - measured[:, -1:]) * left
    return np.maximum.accumulate(np.concatenate([measured, beyond], axis=1), axis=1)
