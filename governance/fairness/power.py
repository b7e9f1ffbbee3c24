"""Say how large a difference would have had to be to be seen."""

from math import sqrt

from scipy import optimize, stats

POWER = 0.8


def detectable_difference(
    rate: float, trials: float, other_trials: float, *, significance: float, power: float = POWER
) -> float | None:
    """Return the smallest difference from `rate` that a two-sided test finds with this power.

    Normal approximation of Fleiss, Levin and Paik, "Statistical Methods for Rates and
    Proportions" (3rd edition, 2003), section 4.3. The other rate is sought towards one half and
    beyond, where variance is larger. None means: not even the largest possible difference.
    """
    direction, room = (1, 1 - rate) if rate <= 0.5 else (-1, rate)
    critical = float(stats.norm.isf(significance / 2))
    reached = float(stats.norm.ppf(power))

    def surplus(size: float) -> float:
        other = rate + direction * size
        pooled = (rate * trials + other * other_trials) / (trials + other_trials)
        equal = sqrt(pooled * (1 - pooled) * (1 / trials + 1 / other_trials))
        apart = sqrt(rate * (1 - rate) / trials + other * (1 - other) / other_trials)
        return size - critical * equal - reached * apart

    if surplus(room) < 0:
        return None
    return float(optimize.brentq(surplus, 0.0, room, xtol=1e-9))
