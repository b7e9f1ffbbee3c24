"""Climb to the best explanation of the labels by a hidden truth: what such models share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple, Self

import numpy as np

from crowd.aggregation.aggregator import Aggregator
from crowd.aggregation.arrays import FloatArray, shares_of
from crowd.aggregation.em_steps import EMSteps, Expected, em_steps
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.listening import tell
from crowd.aggregation.parameters import require_climb, require_positive
from crowd.aggregation.reliability import NEWCOMER, BetaPrior

STARTING_SPREAD_VOTES = 0.5


class Climb(ABC):
    """Hold the state of one fit, from its start at the vote shares."""

    confusion: FloatArray

    @abstractmethod
    def rise(self) -> float:
        """Learn the annotators, then the truth; return the objective."""

    @abstractmethod
    def posterior(self, correlation: float) -> FloatArray:
        """Return the tempered posterior (see posteriors.py): shape (n_tasks, n_classes)."""


@dataclass(kw_only=True, eq=False)
class HiddenTruth(Aggregator):
    """Alternate between the hidden truth and a model of the annotators, from the vote shares.

    tolerance: stop when an iteration moves the objective by less than this, per label.
    max_iterations: stop then in any case; `converged_` says which it was.
    prior_right, prior_wrong: answers imagined for every annotator before the first.
    class_tasks: tasks imagined for every class.
    correlation: how much the annotators of one task err together, between 0 and 1; used
        once, at the end, to temper `posterior_` (see posteriors.py).
    """

    # Whether the objective is one and the same all the way up, so that it cannot fall.
    has_objective: ClassVar[bool] = True

    tolerance: float = 1e-6
    max_iterations: int = 200
    prior_right: float = NEWCOMER.right
    prior_wrong: float = NEWCOMER.wrong
    class_tasks: float = 1.0
    correlation: float = 0.5

    def __post_init__(self) -> None:
        """Refuse parameters that no fit can use; what a subclass adds is above zero, too."""
        require_climb(
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            correlation=self.correlation,
        )
        how_to_climb = ("max_iterations", "tolerance", "correlation")
        given = self.parameters().items()
        require_positive(**{name: value for name, value in given if name not in how_to_climb})

    def fit(self, matrix: LabelMatrix, known: Mapping[int, int] | None = None) -> Self:
        """Climb from the vote shares, holding `known` (task index: class index) fixed."""
        climb = self._begin(matrix, known)
        self.ascend(climb, matrix.n_labels)
        posterior = climb.posterior(self.correlation)
        del climb  # Its tables, before more memory is taken.
        self._keep_posterior(posterior)
        self._keep_reliability(matrix, posterior, self.skill_prior(matrix.n_classes))
        return self

    def ascend(self, climb: Climb, n_labels: int) -> None:
        """Climb until the objective is level, and keep what was learned but for the tasks."""
        path: list[float] = []
        self.converged_ = False
        while not self.converged_ and len(path) < self.max_iterations:
            path.append(climb.rise())
            tell(len(path))
            self.converged_ = _is_level(path, self.tolerance * n_labels)
        self.confusion_ = climb.confusion
        self.n_iterations_ = len(path)
        self.objective_path_ = np.array(path if self.has_objective else [])

    def parameters(self) -> dict[str, float]:
        """Return the keyword arguments that make this algorithm again."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @abstractmethod
    def _begin(self, matrix: LabelMatrix, known: Mapping[int, int] | None) -> Climb:
        """Return a climb that stands at the vote shares."""

    def skill_prior(self, n_classes: int) -> BetaPrior:  # noqa: ARG002 - for those that ask
        """Return what is believed of an annotator's reliability before any answer."""
        return BetaPrior(self.prior_right, self.prior_wrong)


class Learned(NamedTuple):
    """Hold what an M step gave.

    confusion: chance of each label (last axis) given the true class.
    log_confusion: its log, or what stands for it; (n_annotators, n_classes, n_classes).
    log_shares: log share of each class among tasks, shape (n_classes,).
    log_prior: what the parameters add to the objective.
    """

    confusion: FloatArray
    log_confusion: FloatArray
    log_shares: FloatArray
    log_prior: float


class ConfusionClimb(Climb):
    """Climb where all that is learned of an annotator amounts to a confusion matrix."""

    learned: Learned

    def __init__(self, steps: EMSteps) -> None:
        self._steps = steps
        self._expected = steps.from_votes(STARTING_SPREAD_VOTES)

    @abstractmethod
    def learn(self, expected: Expected) -> Learned:
        """Run the M step."""

    def rise(self) -> float:
        """Run the M step and the E step."""
        self.learned = self.learn(self._expected)
        self.confusion = self.learned.confusion
        self._expected = self._steps.expect(self.learned.log_confusion, self.learned.log_shares)
        return self._expected.log_evidence + self.learned.log_prior

    def posterior(self, correlation: float) -> FloatArray:
        """Return the tempered posterior."""
        learned = self.learned
        return self._steps.posterior(learned.log_confusion, learned.log_shares, correlation)


class ConfusionTruth(HiddenTruth):
    """Hidden truth behind confusion matrices, learned from sums over the labels alone.

    So the labels may lie anywhere, as long as there are steps that go through them.
    """

    @abstractmethod
    def begin_at(self, steps: EMSteps) -> ConfusionClimb:
        """Return a climb that stands at the vote shares."""

    def _begin(self, matrix: LabelMatrix, known: Mapping[int, int] | None) -> Climb:
        return self.begin_at(em_steps(matrix, known))


def most_probable_shares(tasks: FloatArray, imagined: float) -> tuple[FloatArray, float]:
    """Return the log of the class shares, and of their prior: `imagined` tasks of each class."""
    log_shares = np.log(shares_of(tasks + imagined))
    return log_shares, imagined * float(log_shares.sum())


def _is_level(path: list[float], least: float) -> bool:
    return len(path) > 1 and abs(path[-1] - path[-2]) <= least
