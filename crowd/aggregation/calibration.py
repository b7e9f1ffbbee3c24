"""Make a confidence mean what it says: compare it with known answers, and correct it.

Known answers must not have helped to make the posteriors that are compared with them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self, TypeAlias

import numpy as np

from crowd.aggregation.arrays import BoolArray, FloatArray, IndexArray, shares_of, sum_by

# Below so many known answers a correction is as likely to harm as to help.
FEWEST_FOR_SCALING = 30
# A staircase has many more parameters than a scale.
FEWEST_FOR_STEPS = 200
_FOLDS = 5
# A gain of less than its standard error may be chance, and is not taken.
_LEAST_ERRORS = 1.0
_LEAST_CHANCE = 1e-9
_LEAD = 1e-6  # More than a tie.
_SCALE_SPREAD, _SHIFT_SPREAD = 0.5, 1.0
_WIDEST = 3.0
_DIGITS = 6


class Calibrator(ABC):
    """Correct posteriors: `answer` is the column of each task's answer, shape (n_tasks,)."""

    name: ClassVar[str]

    @abstractmethod
    def transform(self, posterior: FloatArray, answer: IndexArray) -> FloatArray:
        """Return corrected posteriors, shape (n_tasks, n_classes); rows sum to 1."""

    @abstractmethod
    def parameters(self) -> dict[str, list[float]]:
        """Return the numbers that make this correction again."""


@dataclass(frozen=True)
class Scaling(Calibrator):
    """Divide log posteriors by a temperature, and add a shift to that of the answer.

    With no shift the leading class stays. Guo, Pleiss, Sun and Weinberger, On Calibration of
    Modern Neural Networks, ICML 2017 (temperature). Platt, Probabilistic Outputs for Support
    Vector Machines, Advances in Large Margin Classifiers, 1999 (scale and shift of log odds).
    """

    name: ClassVar[str] = "temperature"

    temperature: float
    shift: float

    @classmethod
    def fit(
        cls, posterior: FloatArray, truth: IndexArray, answer: IndexArray, *, may_shift: bool
    ) -> Self:
        """Find the most probable numbers, drawn to 1 and 0 (normal priors of log and shift)."""
        # SciPy takes a moment to load, which a web process shall not pay for.
        from scipy.optimize import minimize  # noqa: PLC0415

        def cost(point: FloatArray) -> float:
            scale, shift = float(point[0]), float(point[1]) if may_shift else 0.0
            scaled = cls(float(np.exp(scale)), shift).transform(posterior, answer)
            prior = (scale / _SCALE_SPREAD) ** 2 + (shift / _SHIFT_SPREAD) ** 2
            return log_loss(scaled, truth) * len(truth) + prior / 2

        start = np.zeros(1 + may_shift)
        best = minimize(cost, start, method="L-BFGS-B", bounds=[(-_WIDEST, _WIDEST)] * len(start)).x
        # Fewer digits than the search finds, so that the same answers give the same bytes.
        shift = round(float(best[1]), _DIGITS) if may_shift else 0.0
        return cls(round(float(np.exp(best[0])), _DIGITS), shift)

    def transform(self, posterior: FloatArray, answer: IndexArray) -> FloatArray:
        """Return the scaled posteriors; what is certain stays certain."""
        with np.errstate(divide="ignore"):
            log_weights = np.log(posterior) / self.temperature
        log_weights[np.arange(len(answer)), answer] += self.shift
        return shares_of(np.exp(log_weights - log_weights.max(axis=1, keepdims=True)))

    def parameters(self) -> dict[str, list[float]]:
        """Return the numbers that make this correction again."""
        return {"temperature": [self.temperature], "shift": [self.shift]}


@dataclass(frozen=True)
class Steps(Calibrator):
    """Replace the answer's confidence by how often answers that are as sure are right.

    The staircase rises and is joined by lines; one imagined right and one wrong answer to a
    step keep it from certainty. The other classes share the rest as before.

    keeps_leading: hold the answer at the chance of the class next to it, at least.

    Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass Probability
    Estimates, KDD 2002 (isotonic regression).
    """

    name: ClassVar[str] = "isotonic"

    confidence: tuple[float, ...]
    right: tuple[float, ...]
    keeps_leading: bool

    @classmethod
    def fit(
        cls, posterior: FloatArray, truth: IndexArray, answer: IndexArray, *, keeps_leading: bool
    ) -> Self:
        """Pool the answers whose order of confidence and of being right disagree."""
        from scipy.optimize import isotonic_regression  # noqa: PLC0415 - see Scaling.fit

        confidence = posterior[np.arange(len(answer)), answer]
        order = np.argsort(confidence, kind="stable")
        is_right = (answer == truth)[order].astype(np.float64)
        blocks = isotonic_regression(is_right).blocks
        size = np.diff(blocks)
        step = np.repeat(np.arange(len(size)), size)
        middle = sum_by(step, confidence[order], len(size)) / size
        share = (sum_by(step, is_right, len(size)) + 1) / (size + 2)
        # What was imagined weighs more in small steps, and may turn two of them round.
        return cls(_rounded(middle), _rounded(np.maximum.accumulate(share)), keeps_leading)

    def transform(self, posterior: FloatArray, answer: IndexArray) -> FloatArray:
        """Return posteriors with the corrected confidence; what is certain stays certain."""
        rows = np.arange(len(answer))
        before = posterior[rows, answer]
        after = np.interp(before, self.confidence, self.right)
        after = np.where(before >= 1, 1.0, after)
        others = posterior.copy()
        others[rows, answer] = 0.0
        rest = others / np.maximum(others.sum(axis=1, keepdims=True), _LEAST_CHANCE)
        if self.keeps_leading:
            second = rest.max(axis=1)
            after = np.maximum(after, second / (1 + second) + _LEAD)
        found = rest * (1 - after)[:, None]
        found[rows, answer] = after
        return shares_of(found)

    def parameters(self) -> dict[str, list[float]]:
        """Return the numbers that make this correction again."""
        return {"confidence": [*self.confidence], "right": [*self.right]}


@dataclass(frozen=True)
class Calibration:
    """Say what correction known answers support.

    calibrator: None where there are too few, or where no correction made unseen known answers
        more probable by more than chance may.
    log_loss_before, log_loss_after: mean -log of the chance of the known answers, in nats, each
        judged by a correction that was fitted without it; None where there are too few.
    """

    calibrator: Calibrator | None
    n_known: int
    log_loss_before: float | None
    log_loss_after: float | None

    def transform(self, posterior: FloatArray, answer: IndexArray) -> FloatArray:
        """Return corrected posteriors, or the same ones."""
        return (
            posterior if self.calibrator is None else self.calibrator.transform(posterior, answer)
        )


def calibrate(
    posterior: FloatArray, truth: IndexArray, answer: IndexArray, *, keeps_leading: bool = True
) -> Calibration:
    """Choose a correction by cross-validation on known answers; their order is part of the input.

    posterior: of tasks with known answers, which it has not seen, shape (n_known, n_classes).
    truth, answer: column of the known answer and of the consensus, shape (n_known,).
    keeps_leading: whether the answer must stay the leading class; not so where the columns
        say right and wrong.
    """
    if not np.isfinite(posterior).all():
        raise ValueError("A posterior is not finite.")
    known = _Known(posterior, truth, answer, keeps_leading)
    if len(truth) < FEWEST_FOR_SCALING:
        return Calibration(None, len(truth), None, None)
    losses = _losses(posterior, truth)
    before = float(losses.mean())
    ways = [_scaling] if len(truth) < FEWEST_FOR_STEPS else [_scaling, _steps]
    gains = [losses - _losses(_held_out(way, known), truth) for way in ways]
    best = max(range(len(ways)), key=lambda way: float(gains[way].mean()))
    gain, error = float(gains[best].mean()), float(gains[best].std() / np.sqrt(len(truth)))
    if gain <= _LEAST_ERRORS * error:
        return Calibration(None, len(truth), before, before)
    return Calibration(ways[best](known), len(truth), before, before - gain)


def log_loss(posterior: FloatArray, truth: IndexArray) -> float:
    """Return the mean of -log of the chance of the true class, in nats."""
    return float(_losses(posterior, truth).mean())


def _losses(posterior: FloatArray, truth: IndexArray) -> FloatArray:
    chance = posterior[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(chance, _LEAST_CHANCE)))


class _Known(NamedTuple):
    """Hold tasks with known answers, as `calibrate` is given them."""

    posterior: FloatArray
    truth: IndexArray
    answer: IndexArray
    keeps_leading: bool

    def some(self, rows: BoolArray) -> "_Known":
        return _Known(self.posterior[rows], self.truth[rows], self.answer[rows], self.keeps_leading)


_Way: TypeAlias = Callable[[_Known], Calibrator]


def _scaling(known: _Known) -> Calibrator:
    may_shift = not known.keeps_leading
    return Scaling.fit(known.posterior, known.truth, known.answer, may_shift=may_shift)


def _steps(known: _Known) -> Calibrator:
    return Steps.fit(known.posterior, known.truth, known.answer, keeps_leading=known.keeps_leading)


def _held_out(way: _Way, known: _Known) -> FloatArray:
    """Return each posterior as corrected by what was fitted to the other folds."""
    corrected = known.posterior.copy()
    fold = np.arange(len(known.truth)) % _FOLDS
    for number in range(_FOLDS):
        inside = fold == number
        calibrator = way(known.some(~inside))
        corrected[inside] = calibrator.transform(known.posterior[inside], known.answer[inside])
    return corrected


def _rounded(values: FloatArray) -> tuple[float, ...]:
    return tuple(round(value, _DIGITS) for value in values.tolist())
