"""The middle of numbers that do not weigh the same."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

Value = TypeVar("Value", int, float)


def weighted_median(values: Sequence[Value], weights: Sequence[float]) -> Value:
    """Return the smallest value at or below which half of the weight lies; not of no values.

    Where nobody has any weight, all weigh the same. Sums are exact, so the order of the values
    does not matter.
    """
    shares = [Fraction(weight) for weight in weights]
    if not any(shares):
        shares = [Fraction(1)] * len(values)
    half, upto = sum(shares) / 2, Fraction(0)
    ordered = sorted(zip(values, shares, strict=True), key=_by_value)
    for value, share in ordered:
        upto += share
        if upto >= half:
            return value
    return ordered[-1][0]


def _by_value(each: tuple[float, Fraction]) -> tuple[float, bool]:
    # 1 and 1.0 are equal, but not the same bytes; the whole number comes first.
    return each[0], isinstance(each[0], float)
