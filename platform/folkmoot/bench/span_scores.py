"""Score spans and boxes against the true ones."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.overlaps import overlaps_of

MATCH_OVERLAP = 0.5

# First token, token after the last, kind.
Span = tuple[int, int, str]


class BoxScore(NamedTuple):
    """Hold the F1 score of boxes, and the mean overlap of those that match."""

    f1: float
    overlap: float


def spans_of(tags: IndexArray, tag_names: Sequence[str], starts: IndexArray) -> set[Span]:
    """Read the spans of "B-x", "I-x" tags; "I-x" without a beginning begins one."""
    found: set[Span] = set()
    sentence_starts = set(starts.tolist())
    begun: tuple[int, str] | None = None
    for token, tag in enumerate([*tags.tolist(), -1]):
        kind = tag_names[tag][2:] if tag >= 0 else ""
        goes_on = tag >= 0 and tag_names[tag].startswith("I-") and token not in sentence_starts
        if begun is not None and not (goes_on and kind == begun[1]):
            found.add((begun[0], token, begun[1]))
            begun = None
        if begun is None and kind:
            begun = (token, kind)
    return found


def f1_of(found: set[Span], truth: set[Span]) -> float:
    """Return the F1 score of spans that match in both ends and in kind."""
    return 2 * len(found & truth) / max(len(found) + len(truth), 1)


def box_score(found: Mapping[int, FloatArray], truth: Mapping[int, FloatArray]) -> BoxScore:
    """Match the boxes of each task one to one, as many as overlap by half."""
    overlaps: list[float] = []
    total = 0
    for task, true_boxes in truth.items():
        boxes = found.get(task, np.empty((0, 4)))
        total += len(boxes) + len(true_boxes)
        shared = overlaps_of(np.concatenate([boxes, true_boxes]))[: len(boxes), len(boxes) :]
        worth = np.where(shared >= MATCH_OVERLAP, shared, 0.0)
        matched = worth[linear_sum_assignment(-worth)]
        overlaps += matched[matched > 0].tolist()
    return BoxScore(2 * len(overlaps) / max(total, 1), float(np.mean(overlaps or [0.0])))
