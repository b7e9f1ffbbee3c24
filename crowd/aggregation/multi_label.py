"""Decide which of several classes a task has, where an answer may name any number of them."""

from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.answer_rows import ClassSetRows
from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray, sum_by
from crowd.aggregation.estimator import Estimator, is_level
from crowd.aggregation.listening import tell
from crowd.aggregation.parameters import require_positive
from crowd.aggregation.reliability import BetaPrior

_STARTING_SPREAD_VOTES = 0.5


class _Rates(NamedTuple):
    """Hold chances to choose a class that is there, and one that is not, by annotator."""

    hit: FloatArray
    slip: FloatArray


class MultiLabelCrowd(Estimator[ClassSetRows]):
    """Find which classes each task has, and how each annotator chooses, by EM.

    Every class is a question of its own: is it there? An annotator chooses it with one
    chance where it is, and with another where it is not. These chances are their own for
    each class, drawn to what they do over all classes, so that rare classes borrow from
    frequent ones; and that is drawn to a few imagined answers.

    shrinkage: answers' worth of pull of each class's chances to the annotator's own.
    hit_right, hit_wrong, slip_right, slip_wrong: imagined answers about classes that are
        there (chosen, left out) and that are not (chosen, left out), for every annotator.
    class_tasks: tasks imagined with and without each class.
    correlation: how much the annotators of one task err together, 0 to 1; used once, at
        the end (see posteriors.py).
    tolerance, max_iterations: stop when an iteration moves the objective less than
        `tolerance` per answer, and then in any case.

    `objective_path_` is the log evidence of the answers. The pulls are not in it.

    posterior_: chance that a task has a class, (n_tasks, n_classes).
    chosen_: where that is above one half, (n_tasks, n_classes).
    hit_, slip_: each annotator's chances over all classes, (n_annotators,).
    class_hit_, class_slip_: and for each class, (n_annotators, n_classes).

    Dawid and Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM
    Algorithm, Applied Statistics 28(1), 1979, for each class; Duan, Oyama, Sato and
    Kurihara, Separate or Joint? Estimation of Multiple Labels from Crowdsourced Annotations,
    Expert Systems with Applications 41(13), 2014 (why classes share).
    """

    name: ClassVar[str] = "multi-label-crowd"
    version: ClassVar[str] = "1"

    posterior_: FloatArray
    chosen_: BoolArray
    hit_: FloatArray
    slip_: FloatArray
    class_hit_: FloatArray
    class_slip_: FloatArray

    def __init__(
        self,
        *,
        shrinkage: float = 10.0,
        hit_right: float = 4.0,
        hit_wrong: float = 2.0,
        slip_right: float = 1.0,
        slip_wrong: float = 9.0,
        class_tasks: float = 1.0,
        correlation: float = 0.5,
        tolerance: float = 1e-6,
        max_iterations: int = 200,
    ) -> None:
        self._given = {
            "shrinkage": shrinkage,
            "hit_right": hit_right,
            "hit_wrong": hit_wrong,
            "slip_right": slip_right,
            "slip_wrong": slip_wrong,
            "class_tasks": class_tasks,
            "max_iterations": max_iterations,
        }
        require_positive(**self._given)
        if not 0 <= correlation <= 1:
            raise ValueError("correlation must lie in 0 to 1.")
        self._given |= {"correlation": correlation, "tolerance": tolerance}
        self.shrinkage = shrinkage
        self.hits = BetaPrior(hit_right, hit_wrong)
        self.slips = BetaPrior(slip_right, slip_wrong)
        self.class_tasks = class_tasks
        self.correlation = correlation
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, rows: ClassSetRows) -> Self:
        """Run EM from the shares of votes."""
        answers = np.bincount(rows.task, minlength=rows.n_tasks)[:, None]
        votes = _sums(rows.task, rows.chosen.astype(np.float64), rows.n_tasks)
        posterior = (votes + _STARTING_SPREAD_VOTES / 2) / (answers + _STARTING_SPREAD_VOTES)
        path: list[float] = []
        converged = False
        while not converged and len(path) < self.max_iterations:
            whole, rates = self._rates(rows, posterior)
            log_odds, evidence = self._judge(rows, posterior, rates)
            posterior = _chance_of(log_odds)
            path.append(evidence)
            tell(len(path))
            converged = is_level(path, tolerance=self.tolerance, n_rows=rows.n_rows)
        self._keep_ending(rows, path, converged=converged)
        design_effect = 1 + self.correlation * np.maximum(answers - 1, 0)
        self.posterior_ = _chance_of(log_odds / design_effect)
        self.chosen_ = self.posterior_.round(9) > 0.5
        self.hit_, self.slip_ = whole.hit[:, 0], whole.slip[:, 0]
        self.class_hit_, self.class_slip_ = rates.hit, rates.slip
        return self

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return dict(self._given)

    def _rates(self, rows: ClassSetRows, posterior: FloatArray) -> tuple[_Rates, _Rates]:
        """Return the chances over all classes, and those of each class."""
        there, absent = posterior[rows.task], 1 - posterior[rows.task]
        hit, hit_whole = self._shared(rows, there, self.hits)
        slip, slip_whole = self._shared(rows, absent, self.slips)
        return _Rates(hit_whole, slip_whole), _Rates(hit, slip)

    def _shared(
        self, rows: ClassSetRows, chance: FloatArray, prior: BetaPrior
    ) -> tuple[FloatArray, FloatArray]:
        chosen = _sums(rows.annotator, chance * rows.chosen, rows.n_annotators)
        count = _sums(rows.annotator, chance, rows.n_annotators)
        whole = (chosen.sum(axis=1, keepdims=True) + prior.right) / (
            count.sum(axis=1, keepdims=True) + sum(prior)
        )
        return (chosen + self.shrinkage * whole) / (count + self.shrinkage), whole

    def _judge(
        self, rows: ClassSetRows, posterior: FloatArray, rates: _Rates
    ) -> tuple[FloatArray, float]:
        """Return the log odds of each class of each task, and the log evidence of all."""
        share = (posterior.sum(axis=0) + self.class_tasks) / (rows.n_tasks + 2 * self.class_tasks)
        there = _log_chances(rows, rates.hit) + np.log(share)
        absent = _log_chances(rows, rates.slip) + np.log1p(-share)
        return there - absent, float(np.logaddexp(there, absent).sum())


def _chance_of(log_odds: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * log_odds)))


def _log_chances(rows: ClassSetRows, rate: FloatArray) -> FloatArray:
    mine = rate[rows.annotator]
    return _sums(rows.task, np.where(rows.chosen, np.log(mine), np.log1p(-mine)), rows.n_tasks)


def _sums(index: IndexArray, values: FloatArray, length: int) -> FloatArray:
    return np.stack([sum_by(index, column, length) for column in values.T], axis=1)
