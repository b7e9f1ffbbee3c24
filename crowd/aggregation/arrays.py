"""Name the array types of the numerical core, and the two sums that it is built on."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IndexArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]


def sum_by(index: NDArray[np.signedinteger], values: FloatArray, length: int) -> FloatArray:
    """Add up the values that share an index: shape (length,)."""
    return np.bincount(index, weights=values, minlength=length).astype(np.float64, copy=False)


def shares_of(counts: FloatArray) -> FloatArray:
    """Divide by the sum over the last axis, so that each row sums to 1."""
    shares: FloatArray = counts / counts.sum(axis=-1, keepdims=True)
    return shares
