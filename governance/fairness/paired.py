"""Compare the errors of two models on the same cases."""

from dataclasses import dataclass
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from governance.fairness.estimates import Estimate, Verdict
from governance.fairness.intervals import CONFIDENCE, Interval, Share, clopper_pearson

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PairedErrors:
    """Hold two models' error rates on the same cases; a difference below zero is progress."""

    before: Estimate
    after: Estimate
    difference: Estimate
    mended: int
    broken: int
    p_value: float
    verdict: Verdict


def compare_errors(
    truth: ArrayLike, before: ArrayLike, after: ArrayLike, *, confidence: float = CONFIDENCE
) -> PairedErrors:
    """Compare the answers of two models, one entry a case, all arrays of one length.

    p is that of the exact McNemar test; the interval is Tango's. Raise ValueError on no cases.
    """
    was_wrong, is_wrong = _errors(truth, before), _errors(truth, after)
    mended = int(np.count_nonzero(was_wrong & ~is_wrong))
    broken = int(np.count_nonzero(is_wrong & ~was_wrong))
    cases = int(was_wrong.size)
    p_value = mcnemar(mended, broken)
    ends = tango(broken, mended, cases, confidence)
    return PairedErrors(
        before=_rate(was_wrong, confidence),
        after=_rate(is_wrong, confidence),
        difference=Estimate((broken - mended) / cases, ends.low, ends.high, cases),
        mended=mended,
        broken=broken,
        p_value=p_value,
        verdict=Verdict.FINDING if p_value < 1 - confidence else Verdict.NO_FINDING,
    )


def mcnemar(mended: int, broken: int) -> float:
    """Return the exact two-sided p value that changes go either way equally often.

    McNemar, "Note on the sampling error of the difference between correlated proportions",
    Psychometrika 12 (1947) 153-157; exact as a binomial test on the cases that changed.
    """
    if mended + broken == 0:
        return 1.0
    return float(stats.binomtest(mended, mended + broken).pvalue)


def tango(gained: int, lost: int, cases: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of (gained - lost) / cases.

    Tango, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17 (1998) 891-908. It has width even when
    nothing changed.
    """
    critical = float(stats.norm.isf((1 - confidence) / 2))
    value = (gained - lost) / cases

    def score(delta: float) -> float:
        return _paired_score(gained, lost, cases, delta)

    low = high = value
    if value > -1:
        low = float(optimize.bisect(lambda at: score(at) - critical, -1.0, value, xtol=1e-12))
    if value < 1:
        high = float(optimize.bisect(lambda at: score(at) + critical, value, 1.0, xtol=1e-12))
    return Interval(low, high)


def _paired_score(gained: int, lost: int, cases: int, delta: float) -> float:
    """Return how many standard errors the data lie above a true difference of delta."""
    b = (2 * cases - gained + lost) * delta - gained - lost
    c = -lost * delta * (1 - delta)
    likeliest_loss = (sqrt(max(b * b - 8 * cases * c, 0.0)) - b) / (4 * cases)
    variance = cases * (2 * likeliest_loss + delta * (1 - delta))
    surplus = gained - lost - cases * delta
    if variance <= 0:
        return float(np.copysign(np.inf, surplus)) if surplus else 0.0
    return surplus / sqrt(variance)


def _errors(truth: ArrayLike, answers: ArrayLike) -> Flags:
    expected, given = np.asarray(truth), np.asarray(answers)
    if expected.shape != given.shape or expected.ndim != 1 or expected.size == 0:
        raise ValueError("Truth and answers must be columns of one length, above zero.")
    return np.asarray(expected != given)


def _rate(wrong: Flags, confidence: float) -> Estimate:
    share = Share(int(np.count_nonzero(wrong)), int(wrong.size))
    ends = clopper_pearson(share, confidence)
    return Estimate(share.rate, ends.low, ends.high, int(wrong.size))
