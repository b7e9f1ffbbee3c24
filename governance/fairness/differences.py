"""Compare two rates of different people: their difference and their ratio.

The test and the interval of a difference are one method, so they never contradict each other:
the interval leaves zero out exactly when p is below 1 - confidence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import acos, copysign, cos, exp, inf, pi, sqrt

from scipy import optimize, stats

from governance.fairness.intervals import CONFIDENCE, Interval, Share

EDGE = 1e-12
WIDEST_LOG_RATIO = 30.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Hold the two shares of one stratum: what is compared, and with what."""

    first: Share
    second: Share

    @property
    def trials(self) -> float:
        """Return the trials of both."""
        return self.first.trials + self.second.trials

    @property
    def weight(self) -> float:
        """Return the Mantel-Haenszel weight of this stratum."""
        return self.first.trials * self.second.trials / self.trials


@dataclass(frozen=True, slots=True)
class Difference:
    """Hold first minus second, its interval, and the p value of "no difference"."""

    value: float
    low: float
    high: float
    p_value: float


def difference(strata: Sequence[Pair], confidence: float = CONFIDENCE) -> Difference:
    """Compare two rates, within strata where there are several.

    Score interval with Mantel-Haenszel weights: Miettinen and Nurminen, "Comparative analysis of
    two rates", Statistics in Medicine 4 (1985) 213-226. Without a difference, the statistic is
    that of Cochran, Mantel and Haenszel; with one stratum, Pearson's times (N - 1) / N.
    """
    value = _weighted_difference(strata)
    critical = float(stats.norm.isf((1 - confidence) / 2))
    low = _crossing(lambda delta: _score(strata, delta) - critical, -1.0, value)
    high = _crossing(lambda delta: _score(strata, delta) + critical, value, 1.0)
    return Difference(value, low, high, p_value_of(strata))


def p_value_of(strata: Sequence[Pair]) -> float:
    """Return the two-sided p value of "no difference" that `difference` reports."""
    return 2 * float(stats.norm.sf(abs(_score(strata, 0.0))))


def ratio_interval(first: Share, second: Share, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of first rate over second rate.

    Koopman, "Confidence intervals for the ratio of two binomial proportions", Biometrics 40
    (1984) 513-517. The lower end is 0 when the first has no success; the upper is infinite when
    the second has none.
    """
    critical = float(stats.norm.isf((1 - confidence) / 2))

    def score(log_ratio: float) -> float:
        return _ratio_score(first, second, exp(log_ratio))

    low = _log_crossing(lambda at: score(at) - critical) if first.successes > 0 else 0.0
    high = _log_crossing(lambda at: score(at) + critical) if second.successes > 0 else inf
    return Interval(low, high)


def _weighted_difference(strata: Sequence[Pair]) -> float:
    total = sum(pair.weight for pair in strata)
    return sum(pair.weight * (pair.first.rate - pair.second.rate) for pair in strata) / total


def _score(strata: Sequence[Pair], delta: float) -> float:
    """Return how many standard errors the data lie above a true difference of delta."""
    surplus = _weighted_difference(strata) - delta
    total = sum(pair.weight for pair in strata)
    variance = sum((pair.weight / total) ** 2 * _variance(pair, delta) for pair in strata)
    return _standardised(surplus, variance)


def _standardised(surplus: float, variance: float) -> float:
    if variance > 0:
        return surplus / sqrt(variance)
    return 0.0 if abs(surplus) < EDGE else copysign(inf, surplus)


def _variance(pair: Pair, delta: float) -> float:
    """Return the variance of the difference if it were truly delta (unbiased, N / (N - 1))."""
    second = likeliest_second_rate(pair, delta)
    first = min(max(second + delta, 0.0), 1.0)
    plain = first * (1 - first) / pair.first.trials + second * (1 - second) / pair.second.trials
    return plain * pair.trials / (pair.trials - 1)


def likeliest_second_rate(pair: Pair, delta: float) -> float:
    """Return the second rate of greatest likelihood when the first is delta above it.

    The likelihood equation is a cubic, solved in closed form (appendix of the 1985 paper).
    """
    n1, x1 = pair.first.trials, pair.first.successes
    n2, x2 = pair.second.trials, pair.second.successes
    a = n1 + n2
    b = (n1 + 2 * n2) * delta - a - x1 - x2
    c = (n2 * delta - a - 2 * x2) * delta + x1 + x2
    d = x2 * delta * (1 - delta)
    third = b / (3 * a)
    q = third**3 - b * c / (6 * a * a) + d / (2 * a)
    p = sqrt(max(third**2 - c / (3 * a), 0.0)) * (1 if q >= 0 else -1)
    angle = 0.0 if p == 0 else (pi + acos(min(max(q / p**3, -1.0), 1.0))) / 3
    root = 2 * p * cos(angle) - third
    return min(max(root, 0.0, -delta), 1.0, 1.0 - delta)


def _ratio_score(first: Share, second: Share, ratio: float) -> float:
    rate2 = _likeliest_base_rate(first, second, ratio)
    rate1 = min(rate2 * ratio, 1.0)
    spread = rate1 * (1 - rate1) / first.trials + ratio**2 * rate2 * (1 - rate2) / second.trials
    return _standardised(first.rate - ratio * second.rate, spread)


def _likeliest_base_rate(first: Share, second: Share, ratio: float) -> float:
    """Return the second rate of greatest likelihood when the first is `ratio` times it."""
    a = (first.trials + second.trials) * ratio
    b = ratio * (first.trials + second.successes) + first.successes + second.trials
    c = first.successes + second.successes
    root = (b - sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)
    return min(max(root, 0.0), 1.0, 1.0 / ratio)


def _log_crossing(falling: Callable[[float], float]) -> float:
    return exp(_crossing(falling, -WIDEST_LOG_RATIO, WIDEST_LOG_RATIO))


def _crossing(falling: Callable[[float], float], left: float, right: float) -> float:
    """Return where a falling function meets zero, or the end that it never leaves."""
    if falling(left) <= 0:
        return left
    if falling(right) >= 0:
        return right
    # Bisection needs only signs, and the score is infinite where the variance is none.
    return float(optimize.bisect(falling, left, right, xtol=1e-12))
