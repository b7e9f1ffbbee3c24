"""Order many labels by counting: two passes over the input, and no copy of it.

The input comes in batches, and the same ones twice: first to count the labels of each task, then
to put every label into its place. So it need never be in memory as a whole.
"""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from crowd.aggregation.compiling import compiled
from crowd.aggregation.row_order import (
    Allocate,
    Indices,
    Integers,
    RepeatedLabel,
    Repeats,
    Rows,
    offset_type,
)

_FEW = 32


class RowPlacer:
    """Take batches to `count`, then `begin`, then take the same batches to `place`, and `finish`.

    Memory: the rows, 5 bytes a label for up to 127 classes, wherever `allocate` puts them; and
    16 bytes a task, or 24 from two thousand million labels on.
    """

    def __init__(self, n_tasks: int) -> None:
        self._counts = np.zeros(n_tasks, dtype=np.int64)
        self._rows = Rows(self._counts, self._counts, self._counts)

    def count(self, task: Integers) -> None:
        """Count the labels of each task in a batch."""
        _count(_thin(task), self._counts)

    def begin(self, label_type: DTypeLike, allocate: Allocate) -> None:
        """Make room for the labels that were counted."""
        n_labels = int(self._counts.sum())
        offsets = np.zeros(len(self._counts) + 1, dtype=offset_type(n_labels))
        np.cumsum(self._counts, out=offsets[1:])
        self._counts = np.empty(0, dtype=np.int64)
        self._next = offsets[:-1].copy()
        self._rows = Rows(
            offsets,
            allocate("annotator", n_labels, np.int32),
            allocate("label", n_labels, label_type),
        )

    def place(self, task: Integers, annotator: Integers, label: Integers) -> None:
        """Put the labels of a batch into their places."""
        labels = label.astype(self._rows.label.dtype, copy=True)
        _place(_thin(task), _thin(annotator), labels, self._next, self._rows)

    def finish(self, repeats: Repeats) -> Rows:
        """Return the rows in order; raise RepeatedLabel where that is refused."""
        self._next = np.empty(0, dtype=np.int32)
        offsets, annotator, label = self._rows
        task = _order_within_tasks(self._rows)
        if task < 0:
            return self._rows
        if repeats is Repeats.REFUSE:
            own = annotator[offsets[task] : offsets[task + 1]]
            raise RepeatedLabel(int(own[int(np.argmax(np.diff(own) == 0))]), task)
        n_left = _keep_last(self._rows)
        return Rows(offsets, annotator[:n_left], label[:n_left])


def _thin(numbers: Integers) -> NDArray[np.int32]:
    """Return a batch as an array of its own, so that the loops meet one type alone."""
    return numbers.astype(np.int32, copy=True)


@compiled
def _count(task: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    for at in range(len(task)):
        counts[task[at]] += 1


@compiled
def _place(
    task: NDArray[np.int32],
    annotator: NDArray[np.int32],
    label: Indices,
    following: Indices,
    rows: tuple[Indices, Indices, Indices],
) -> None:
    _, annotators, labels = rows
    for at in range(len(task)):
        place = following[task[at]]
        annotators[place] = annotator[at]
        labels[place] = label[at]
        following[task[at]] = place + 1


@compiled
def _order_within_tasks(rows: tuple[Indices, Indices, Indices]) -> int:
    """Sort each task's labels by annotator; return the first task with a repeat, or -1."""
    offsets, annotators, labels = rows
    repeated = -1
    for task in range(len(offsets) - 1):
        first, last = offsets[task], offsets[task + 1]
        if last - first > _FEW:
            order = np.argsort(annotators[first:last], kind="mergesort")
            annotators[first:last] = annotators[first:last][order]
            labels[first:last] = labels[first:last][order]
        else:
            _insert(annotators, labels, first, last)
        for at in range(first + 1, last):
            if repeated < 0 and annotators[at] == annotators[at - 1]:
                repeated = task
    return repeated


@compiled
def _insert(annotators: Indices, labels: Indices, first: int, last: int) -> None:
    for at in range(first + 1, last):
        annotator, label = annotators[at], labels[at]
        place = at
        while place > first and annotators[place - 1] > annotator:
            annotators[place] = annotators[place - 1]
            labels[place] = labels[place - 1]
            place -= 1
        annotators[place], labels[place] = annotator, label


@compiled
def _keep_last(rows: tuple[Indices, Indices, Indices]) -> int:
    """Drop all but the last of an annotator's labels on a task; return how many are left."""
    offsets, annotators, labels = rows
    kept, first = 0, 0
    for task in range(len(offsets) - 1):
        last = offsets[task + 1]
        for at in range(first, last):
            if at + 1 == last or annotators[at] != annotators[at + 1]:
                annotators[kept], labels[kept] = annotators[at], labels[at]
                kept += 1
        first = last
        offsets[task + 1] = kept
    return kept
