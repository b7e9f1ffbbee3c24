"""Average numbers, each annotator weighted by the variance of their errors."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.answer_rows import NumberRows
from crowd.aggregation.arrays import FloatArray, IndexArray, sum_by
from crowd.aggregation.estimator import Estimator, is_level
from crowd.aggregation.listening import tell
from crowd.aggregation.parameters import require_positive

_NORMAL_975 = 1.959963984540054
_LEAST_SHARE_OF_VARIANCE = 1e-6
FEWEST_KNOWN = 20


class _Spread(NamedTuple):
    """Hold what is believed of the annotators, and of their numbers as a whole."""

    bias: FloatArray
    variance: FloatArray
    typical: float


class GaussianCrowd(Estimator[NumberRows]):
    """Find true numbers, and each annotator's bias and variance, by EM.

    A number is the task's true one, plus the annotator's bias, plus an error of the
    annotator's variance. True numbers have a flat prior, so that they are not drawn to
    the middle; biases and variances are drawn to zero and to the crowd's variance:

    variance_answers: answers' worth of pull of each variance towards the whole crowd's.
        A large one gives the plain mean.
    bias_answers: answers' worth of pull of each bias towards zero.
    correlation: how much the annotators of one task err together, 0 to 1. An interval
        is that of n / (1 + correlation (n - 1)) independent answers (see posteriors.py).
    tolerance, max_iterations: stop when an iteration moves the objective less than
        `tolerance` per answer, and then in any case.

    With 20 known answers or more in `known` (task index: number), the intervals are made
    as wide as it takes to hold 95 % of those (split conformal prediction). Known answers
    change no estimate, so that the intervals of the other tasks stay honest.

    `objective_path_` is the log evidence of the numbers. The pulls are not in it.

    values_, low_, high_: true number of each task with 95 % limits, (n_tasks,); a task
        without answers has the mean of all, without limits (infinite).
    bias_, variance_: of each annotator, (n_annotators,).
    n_known_: how many known answers set the width; 0 where the model's own width stands.

    Raykar et al., Learning From Crowds, JMLR 11, 2010, section 5 (regression). Gelman,
    Prior Distributions for Variance Parameters, Bayesian Analysis 1(3), 2006 (shrinkage).
    Lei et al., Distribution-Free Predictive Inference for Regression, JASA 113, 2018.
    """

    name: ClassVar[str] = "gaussian-crowd"
    version: ClassVar[str] = "1"

    values_: FloatArray
    low_: FloatArray
    high_: FloatArray
    bias_: FloatArray
    variance_: FloatArray
    n_known_: int

    def __init__(
        self,
        *,
        variance_answers: float = 100.0,
        bias_answers: float = 100.0,
        correlation: float = 0.5,
        tolerance: float = 1e-9,
        max_iterations: int = 200,
    ) -> None:
        require_positive(
            variance_answers=variance_answers,
            bias_answers=bias_answers,
            max_iterations=max_iterations,
        )
        if not 0 <= correlation <= 1:
            raise ValueError("correlation must lie in 0 to 1.")
        self.variance_answers = variance_answers
        self.bias_answers = bias_answers
        self.correlation = correlation
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, rows: NumberRows, known: Mapping[int, float] | None = None) -> Self:
        """Fit to the numbers; `known` widens or narrows the intervals."""
        middle = rows.value.mean()
        centred = rows.value - middle
        values, spread, path, converged = self._climb(rows, centred)
        self._keep_ending(rows, path, converged=converged)
        self.values_ = values + middle
        self.bias_, self.variance_ = spread.bias, spread.variance
        self._keep_limits(self._errors(rows, spread), known or {})
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {
            "variance_answers": self.variance_answers,
            "bias_answers": self.bias_answers,
            "correlation": self.correlation,
            "tolerance": self.tolerance,
            "max_iterations": self.max_iterations,
        }

    def _climb(
        self, rows: NumberRows, value: FloatArray
    ) -> tuple[FloatArray, _Spread, list[float], bool]:
        spread = self._first_spread(rows, value)
        path: list[float] = []
        converged = False
        while not converged and len(path) < self.max_iterations:
            values, error = _weighted_means(rows, value, spread)
            path.append(_log_evidence(rows, value - values[rows.task], spread))
            tell(len(path))
            spread = self._spread(rows, value - values[rows.task], error, spread)
            converged = is_level(path, tolerance=self.tolerance, n_rows=rows.n_rows)
        return values, spread, path, converged

    def _first_spread(self, rows: NumberRows, value: FloatArray) -> _Spread:
        even = _Spread(np.zeros(rows.n_annotators), np.ones(rows.n_annotators), 1.0)
        means, _ = _weighted_means(rows, value, even)
        typical = float(np.mean((value - means[rows.task]) ** 2)) or 1.0
        return _Spread(even.bias, np.full(rows.n_annotators, typical), typical)

    def _spread(
        self, rows: NumberRows, residual: FloatArray, error: FloatArray, last: _Spread
    ) -> _Spread:
        who, count = rows.annotator, rows.n_annotators
        answers = sum_by(who, np.ones(rows.n_rows), count)
        bias = sum_by(who, residual, count) / (answers + self.bias_answers)
        squares = (residual - bias[who]) ** 2 + error[rows.task]
        typical = float(squares.mean()) or last.typical
        pulled = sum_by(who, squares, count) + self.variance_answers * typical
        variance = pulled / (answers + self.variance_answers)
        return _Spread(bias, np.maximum(variance, _LEAST_SHARE_OF_VARIANCE * typical), typical)

    def _errors(self, rows: NumberRows, spread: _Spread) -> FloatArray:
        _, error = _weighted_means(rows, rows.value, spread)
        answers = np.bincount(rows.task, minlength=rows.n_tasks)
        design_effect = 1 + self.correlation * np.maximum(answers - 1, 0)
        return np.asarray(np.sqrt(np.where(answers > 0, error * design_effect, np.inf)))

    def _keep_limits(self, error: FloatArray, known: Mapping[int, float]) -> None:
        if known and not 0 <= min(known) <= max(known) < len(error):
            raise ValueError("A known task is out of range.")
        if not np.isfinite([*known.values()]).all():
            raise ValueError("A known answer is not a finite number.")
        answered = [task for task in sorted(known) if np.isfinite(error[task])]
        truth = np.array([known[task] for task in answered])
        self.n_known_ = len(answered) if len(answered) >= FEWEST_KNOWN else 0
        index: IndexArray = np.array(answered, dtype=np.int64)
        misses = np.abs(self.values_[index] - truth) / error[index]
        reach = _conformal(misses) if self.n_known_ else _NORMAL_975
        self.low_, self.high_ = self.values_ - reach * error, self.values_ + reach * error


def _conformal(misses: FloatArray) -> float:
    # The corrected quantile: with n known tasks, the next miss lies below it in 95 % or more.
    place = min(int(np.ceil(0.95 * (len(misses) + 1))), len(misses)) - 1
    return float(np.sort(misses)[place])


def _weighted_means(
    rows: NumberRows, value: FloatArray, spread: _Spread
) -> tuple[FloatArray, FloatArray]:
    """Return each task's mean by precision and its variance; without answers 0 and typical."""
    precision = 1 / spread.variance[rows.annotator]
    weight = sum_by(rows.task, precision, rows.n_tasks)
    total = sum_by(rows.task, precision * (value - spread.bias[rows.annotator]), rows.n_tasks)
    empty = weight == 0
    mean = np.where(empty, 0.0, total / np.where(empty, 1.0, weight))
    return mean, np.where(empty, spread.typical, 1 / np.where(empty, 1.0, weight))


def _log_evidence(rows: NumberRows, residual: FloatArray, spread: _Spread) -> float:
    variance = spread.variance[rows.annotator]
    squares = (residual - spread.bias[rows.annotator]) ** 2 / variance
    weight = sum_by(rows.task, 1 / variance, rows.n_tasks)
    lost = np.log(weight[weight > 0]).sum()  # What integrating out each true number costs.
    return float(-0.5 * (squares.sum() + np.log(variance).sum() + lost))
