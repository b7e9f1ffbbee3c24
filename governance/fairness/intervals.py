"""Intervals for one rate.

Counts may be fractions, because a share of an effective sample is one: where rows repeat the same
people, the caller passes `Share.of(rate, people)` rather than pretend that every row is news.
"""

from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold the two ends of an interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """Hold successes out of trials; trials are above zero."""

    successes: float
    trials: float

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        if self.trials <= 0 or not 0 <= self.successes <= self.trials:
            raise ValueError("A share needs 0 <= successes <= trials and trials above 0.")

    @classmethod
    def of(cls, rate: float, trials: float) -> "Share":
        """Build the share that has this rate."""
        return cls(rate * trials, trials)

    @property
    def rate(self) -> float:
        """Return successes over trials."""
        return self.successes / self.trials


def clopper_pearson(share: Share, confidence: float = CONFIDENCE) -> Interval:
    """Return the exact interval, which covers at least as often as it says.

    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", Biometrika 26 (1934) 404-413. Use it for whatever may be called a finding.
    """
    tail = (1 - confidence) / 2
    hits, misses = share.successes, share.trials - share.successes
    low = stats.beta.ppf(tail, hits, misses + 1) if hits > 0 else 0.0
    high = stats.beta.isf(tail, hits + 1, misses) if misses > 0 else 1.0
    return Interval(float(low), float(high))


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval, which covers as often as it says only on average.

    Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat.
    Assoc. 22 (1927) 209-212. Use it for display, where exact intervals look needlessly wide.
    """
    test = stats.binomtest(successes, trials)
    interval = test.proportion_ci(confidence_level=confidence, method="wilson")
    return Interval(float(interval.low), float(interval.high))
