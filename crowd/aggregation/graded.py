"""Fit annotators on a scale: how strict each is, and how finely each tells grades apart."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray, shares_of, sum_by
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.listening import tell
from crowd.aggregation.parameters import require_climb, require_positive
from crowd.aggregation.posteriors import allowed_classes, clamp, normalise, temper
from crowd.aggregation.reliability import NEWCOMER

_SHIFTS = np.linspace(-2.0, 2.0, 21)
_WIDTHS = np.geomspace(0.2, 3.0, 13)
_GUESSES = np.array([0.02, 0.1, 0.3, 0.6])
_MIDDLE_WIDTH = 0.7
_ROUNDS = 3
_STARTING_SPREAD_VOTES = 0.5


class _Grid(NamedTuple):
    """Hold the chance of each label for each annotator there could be, and their prior.

    confusion: (n_points, n_classes, n_classes); log_prior, shift, width: (n_points,).
    """

    confusion: FloatArray
    log_prior: FloatArray
    shift: FloatArray
    width: FloatArray


class GradedCrowd(Aggregator):
    """Find true grades together with each annotator's shift and width, by EM.

    Classes are grades on an even scale, in the order of the matrix. An annotator sees the
    true grade, moved by their shift and blurred by a normal error of their width, and says
    the nearest grade; or they guess. These three numbers lie on a fixed grid. They make a
    graded matrix, enough for a crowd in which nobody answered much; whoever answered more
    has a confusion matrix of their own, drawn to the graded one:

    shrinkage: labels' worth of that pull, in every row.
    width_prior, shift_prior: standard deviations of log width (around 0.7 grades) and of
        shift (around 0) before any answer.
    class_tasks, correlation, tolerance, max_iterations: as in `DawidSkene`.

    `labels_` are medians of the posterior: the grade that is at most half too low and at
    most half too high, which has the least mean error; the mode, which nominal classes
    need, ignores how far off an error is. `means_` are the means in grades, (n_tasks,).
    `shift_` and `width_` are the annotators' numbers, in grades, (n_annotators,).
    `objective_path_` is the log posterior up to a constant, and never falls.

    Samejima, Estimation of Latent Ability Using a Response Pattern of Graded Scores,
    Psychometrika Monograph 17, 1969 (the graded model, here with even thresholds); Johnson,
    On Bayesian Analysis of Multirater Ordinal Data, JASA 91, 1996 (raters who differ).
    """

    name: ClassVar[str] = "graded-crowd"
    version: ClassVar[str] = "1"

    means_: FloatArray
    shift_: FloatArray
    width_: FloatArray

    def __init__(
        self,
        *,
        shrinkage: float = 3.0,
        width_prior: float = 0.7,
        shift_prior: float = 1.0,
        class_tasks: float = 1.0,
        correlation: float = 0.5,
        tolerance: float = 1e-6,
        max_iterations: int = 200,
    ) -> None:
        require_positive(
            shrinkage=shrinkage,
            width_prior=width_prior,
            shift_prior=shift_prior,
            class_tasks=class_tasks,
        )
        require_climb(max_iterations=max_iterations, tolerance=tolerance, correlation=correlation)
        self.shrinkage = shrinkage
        self.width_prior = width_prior
        self.shift_prior = shift_prior
        self.class_tasks = class_tasks
        self.correlation = correlation
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Run EM from the vote shares, holding `known` (task index: class index) fixed."""
        allowed = allowed_classes(known, matrix.n_tasks, matrix.n_classes)
        log_weights = self._climb(matrix, allowed)
        posterior = temper(log_weights, matrix.labels_per_task, correlation=self.correlation)
        self.posterior_ = posterior
        self.labels_ = medians_of(posterior)
        self.confidence_ = posterior[np.arange(len(posterior)), self.labels_]
        self.means_ = posterior @ np.arange(matrix.n_classes)
        self._keep_reliability(matrix, posterior, NEWCOMER)
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {
            "shrinkage": self.shrinkage,
            "width_prior": self.width_prior,
            "shift_prior": self.shift_prior,
            "class_tasks": self.class_tasks,
            "correlation": self.correlation,
            "tolerance": self.tolerance,
            "max_iterations": self.max_iterations,
        }

    def _climb(self, matrix: LabelMatrix, allowed: BoolArray) -> FloatArray:
        grid = _grid(matrix.n_classes, self.width_prior, self.shift_prior)
        start = shares_of(matrix.votes() + _STARTING_SPREAD_VOTES / matrix.n_classes)
        posterior = clamp(start, allowed)
        point = _first_points(_counts(matrix, posterior), grid)
        path: list[float] = []
        self.converged_ = False
        while not self.converged_ and len(path) < self.max_iterations:
            model = _maximise(_counts(matrix, posterior), point, grid, self.shrinkage)
            point = model.point
            shares = shares_of(posterior.sum(axis=0) + self.class_tasks)
            evidence = _evidence(matrix, np.log(model.confusion)) + np.log(shares)
            log_weights = np.where(allowed, evidence, -np.inf)
            posterior, log_evidence = normalise(log_weights)
            prior = model.log_prior + self.class_tasks * np.log(shares).sum()
            path.append(float(log_evidence.sum() + prior))
            tell(len(path))
            self.converged_ = _is_level(path, self.tolerance * matrix.n_labels)
        self.shift_, self.width_ = grid.shift[point], grid.width[point]
        self.confusion_ = model.confusion
        self.n_iterations_, self.objective_path_ = len(path), np.array(path)
        return log_weights


class _Model(NamedTuple):
    point: IndexArray
    confusion: FloatArray
    log_prior: float


def _is_level(path: list[float], least: float) -> bool:
    return len(path) > 1 and path[-1] - path[-2] <= least


def medians_of(posterior: FloatArray) -> IndexArray:
    """Return the median grade of each row: the lowest with half of the posterior up to it."""
    return np.asarray((posterior.cumsum(axis=1).round(9) < 0.5).sum(axis=1))


def graded_confusions(
    shift: FloatArray, width: FloatArray, guesses: FloatArray, n_classes: int
) -> FloatArray:
    """Return the chance of each label (last axis) given the true grade, one matrix a row."""
    from scipy.special import ndtr  # noqa: PLC0415 - see reliability.py

    seen = np.arange(n_classes) + shift[:, None]
    limits = np.arange(n_classes - 1) + 0.5
    below = ndtr((limits - seen[:, :, None]) / width[:, None, None])
    none, all_ = np.zeros((*seen.shape, 1)), np.ones((*seen.shape, 1))
    chances = np.diff(np.concatenate([none, below, all_], axis=2), axis=2)
    return np.asarray((1 - guesses[:, None, None]) * chances + guesses[:, None, None] / n_classes)


def _grid(n_classes: int, width_prior: float, shift_prior: float) -> _Grid:
    shift, width, guesses = (
        each.ravel() for each in np.meshgrid(_SHIFTS, _WIDTHS, _GUESSES, indexing="ij")
    )
    log_prior = -0.5 * (shift / shift_prior) ** 2
    log_prior -= 0.5 * (np.log(width / _MIDDLE_WIDTH) / width_prior) ** 2
    return _Grid(graded_confusions(shift, width, guesses, n_classes), log_prior, shift, width)


def _counts(matrix: LabelMatrix, posterior: FloatArray) -> FloatArray:
    cells = matrix.annotator.astype(np.int64) * matrix.n_classes + matrix.label
    shape = (matrix.n_annotators, matrix.n_classes)
    counts = [sum_by(cells, each[matrix.task], shape[0] * shape[1]) for each in posterior.T]
    return np.stack([count.reshape(shape) for count in counts], axis=1)


def _first_points(counts: FloatArray, grid: _Grid) -> IndexArray:
    fit = counts.reshape(len(counts), -1) @ np.log(grid.confusion).reshape(len(grid.shift), -1).T
    return np.asarray((fit + grid.log_prior).argmax(axis=1))


def _maximise(counts: FloatArray, point: IndexArray, grid: _Grid, shrinkage: float) -> _Model:
    """Improve matrices and points in turn, each at its best for the other.

    Together they raise sum N log theta - w sum KL(graded || theta) + log prior of the point.
    """
    flat = grid.confusion.reshape(len(grid.shift), -1)
    # What a point costs by itself: its own entropy, and its prior.
    own = grid.log_prior - shrinkage * (flat * np.log(flat)).sum(axis=1)
    for _ in range(_ROUNDS):
        confusion = shares_of(counts + shrinkage * grid.confusion[point])
        pull = shrinkage * np.log(confusion).reshape(len(counts), -1) @ flat.T + own
        point = pull.argmax(axis=1)
    confusion = shares_of(counts + shrinkage * grid.confusion[point])
    pulls = shrinkage * np.log(confusion) * grid.confusion[point]
    return _Model(point, confusion, float(pulls.sum() + own[point].sum()))


def _evidence(matrix: LabelMatrix, log_confusion: FloatArray) -> FloatArray:
    """Add up what the labels of each task say: shape (n_tasks, n_classes)."""
    return np.stack(
        [
            sum_by(matrix.task, log_confusion[matrix.annotator, true, matrix.label], matrix.n_tasks)
            for true in range(matrix.n_classes)
        ],
        axis=1,
    )
