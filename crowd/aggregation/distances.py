"""Say how far two answers are apart, for coefficients that weigh disagreements.

Krippendorff, Computing Krippendorff's Alpha-Reliability, University of Pennsylvania, 2011,
for the four levels of measurement; Jaccard's distance (one minus overlap over union) for
spans and boxes, as in Artstein and Poesio, Inter-Coder Agreement for Computational
Linguistics, Computational Linguistics 34(4), 2008, on agreement about units.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from crowd.aggregation.arrays import FloatArray

# From, up to but without; and left, top, right, bottom.
Span: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]


class Level(StrEnum):
    """Say what the classes measure, and so which disagreements are large."""

    NOMINAL = "nominal"
    """Names: all disagreements are alike."""
    ORDINAL = "ordinal"
    """Ranks, lowest class first: labels between two classes set these apart."""
    INTERVAL = "interval"
    """Numbers whose differences mean something."""
    RATIO = "ratio"
    """Numbers from zero up whose ratios mean something."""


def fixed_distances(level: Level, values: FloatArray) -> FloatArray:
    """Return squared distances between classes that do not depend on the labels given.

    values: the number of each class, shape (n_classes,); for names only their count matters.
    Raise ValueError for ranks, whose distances follow from the labels (see alpha.py), and for
    a number below zero on the ratio level.
    """
    if level is Level.ORDINAL:
        raise ValueError("How far ranks are apart depends on the labels.")
    if level is Level.NOMINAL:
        return 1 - np.eye(len(values))
    difference: FloatArray = np.subtract.outer(values, values)
    if level is not Level.RATIO:
        return difference**2
    if (values < 0).any():
        raise ValueError("Ratios need numbers from zero up.")
    total = np.add.outer(values, values)
    relative = np.divide(difference, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(relative**2)


def span_distance(first: Sequence[Span], second: Sequence[Span]) -> float:
    """Return 1 minus the overlap of two sets of spans over their union, both in length.

    Spans of one set that overlap count once; two empty sets are alike.
    """
    lengths = [_length(spans) for spans in (first, second, [*first, *second])]
    union = lengths[2]
    return 1 - (lengths[0] + lengths[1] - union) / union if union > 0 else 0.0


def box_distance(first: Box, second: Box) -> float:
    """Return 1 minus the overlap of two boxes over their union, both in area."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    overlap = max(width, 0.0) * max(height, 0.0)
    union = _area(first) + _area(second) - overlap
    return 1 - overlap / union if union > 0 else float(first != second)


def boxes_distance(first: Sequence[Box], second: Sequence[Box]) -> float:
    """Return the mean distance of two sets of boxes, each matched to its nearest, best first.

    A box that is left over is as far as can be; two empty sets are alike.
    """
    pairs = sorted(
        (box_distance(one, other), i, j)
        for i, one in enumerate(first)
        for j, other in enumerate(second)
    )
    left, right, near = set[int](), set[int](), 0.0
    for distance, i, j in pairs:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            near += 1 - distance
    most = max(len(first), len(second))
    return 1 - near / most if most else 0.0


def _length(spans: Sequence[Span]) -> float:
    total, covered = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, covered))
        covered = max(covered, end)
    return total


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
