"""Rates as the pages draw them: with an interval, or with why there is none."""

from dataclasses import dataclass

from governance.charts.wording import REASONS
from governance.fairness.estimates import Figure, NotEstimable


@dataclass(frozen=True)
class Rate:
    """A share with its interval; without a value where it cannot be estimated."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int | None = None
    total: int | None = None
    note: str | None = None


def rate_of(figure: Figure) -> Rate:
    """Return a figure as the pages draw it."""
    if isinstance(figure, NotEstimable):
        return Rate(None, total=figure.n, note=REASONS[figure.reason])
    return Rate(figure.value, figure.low, figure.high, total=figure.n)
