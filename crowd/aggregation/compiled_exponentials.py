"""Take many exponentials at once, in plain loops that become vector instructions."""

import numpy as np
from numpy.typing import NDArray

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.compiling import compiled, fused

_LEAST_EXPONENT = -708.0  # The exponential of less is taken for 0.
_LOG2_E = 1.4426950408889634
# ln 2 in two parts, the first short enough that its products with whole numbers are exact.
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
# Adding it rounds to a whole number, which then stands in the lowest bits.
_ROUNDER = 6755399441055744.0


@compiled
def exponentials(
    numbers: FloatArray, scale: FloatArray, bits: NDArray[np.int64], count: int
) -> None:
    """Replace numbers that are not above 0 by their exponentials, to the last digit but one.

    exp(x) = 2^n exp(r) with r below ln 2 / 2, where Taylor's series needs fourteen terms.
    Four plain loops, each of which the compiler turns into vector instructions: a call of the
    mathematical library for one number at a time takes three times as long.
    """
    for at in range(count):
        scale[at] = fused(max(numbers[at], _LEAST_EXPONENT), _LOG2_E, _ROUNDER)
    for at in range(count):
        whole = scale[at] - _ROUNDER
        rest = fused(whole, -_LN2_HIGH, max(numbers[at], _LEAST_EXPONENT))
        rest = fused(whole, -_LN2_LOW, rest)
        series = fused(rest, 1 / 6227020800, 1 / 479001600)
        series = fused(series, rest, 1 / 39916800)
        series = fused(series, rest, 1 / 3628800)
        series = fused(series, rest, 1 / 362880)
        series = fused(series, rest, 1 / 40320)
        series = fused(series, rest, 1 / 5040)
        series = fused(series, rest, 1 / 720)
        series = fused(series, rest, 1 / 120)
        series = fused(series, rest, 1 / 24)
        series = fused(series, rest, 1 / 6)
        series = fused(series, rest, 1 / 2)
        series = fused(series, rest, 1.0)
        series = fused(series, rest, 1.0)
        numbers[at] = series if numbers[at] >= _LEAST_EXPONENT else 0.0
    for at in range(count):  # 2^n, by writing n into the exponent.
        bits[at] = (bits[at] << 52) + (1023 << 52)
    for at in range(count):
        numbers[at] *= scale[at]
