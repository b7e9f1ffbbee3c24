"""Order many labels by counting: two passes over the input, and no copy of it.

The input comes in batches, and the same ones twice: first to count the labels of each task, then
to put every label into its place. So it need never be in memory as a whole.
"""

import numpy as np
from numba import uintp
from numpy.typing import DTypeLike, NDArray

from crowd.aggregation.compiling import compiled, each_part, most_threads, prefetch
from crowd.aggregation.row_order import (
    Allocate,
    Indices,
    Integers,
    RepeatedLabel,
    Repeats,
    Rows,
    in_memory,
    offset_type,
)

# Up to so many labels are ordered by comparing all with all.
_FEW = 16
# Labels between the request for a place in memory and its use.
_AHEAD = 16
# Fewer tasks are put in order before a thread has woken.
_THREADS_FROM = 20_000
_PARTS = 4


class RowPlacer:
    """Take batches to `count`, then `begin`, then take the same batches to `place`, and `finish`.

    Memory, wherever `allocate` puts it: the rows, 5 bytes a label for up to 127 classes, and
    16 bytes a task, or 24 from two thousand million labels on.
    """

    def __init__(self, n_tasks: int, allocate: Allocate = in_memory) -> None:
        self._allocate = allocate
        self._counts = allocate("count", n_tasks, np.int64)
        self._counts[:] = 0
        self._rows = Rows(self._counts, self._counts, self._counts)

    def count(self, task: Integers) -> None:
        """Count the labels of each task in a batch."""
        _count(_thin(task), self._counts)

    def begin(self, label_type: DTypeLike) -> None:
        """Make room for the labels that were counted."""
        n_labels, n_tasks = int(self._counts.sum()), len(self._counts)
        offsets = self._allocate("offset", n_tasks + 1, offset_type(n_labels))
        offsets[0] = 0
        np.cumsum(self._counts, out=offsets[1:])
        self._counts = np.empty(0, dtype=np.int64)
        self._next = self._allocate("next", n_tasks, offsets.dtype)
        self._next[:] = offsets[:-1]
        self._rows = Rows(
            offsets,
            self._allocate("annotator", n_labels, np.int32),
            self._allocate("label", n_labels, label_type),
        )

    def place(self, task: Integers, annotator: Integers, label: Integers) -> None:
        """Put the labels of a batch into their places."""
        labels = label.astype(self._rows.label.dtype, copy=True)
        _place(_thin(task), _thin(annotator), labels, self._next, self._rows)

    def finish(self, repeats: Repeats) -> Rows:
        """Return the rows in order; raise RepeatedLabel where that is refused."""
        self._next = np.empty(0, dtype=np.int32)
        offsets, annotator, label = self._rows
        task = _first_repeat(self._rows)
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


def _first_repeat(rows: Rows) -> int:
    """Sort each task's labels by annotator; return the first task with a repeat, or -1."""
    n_tasks = len(rows.task_offsets) - 1
    cuts = np.linspace(0, n_tasks, _PARTS + 1).astype(np.int64)

    def sort(part: int) -> int:
        return _order_within_tasks(rows, int(cuts[part]), int(cuts[part + 1]))

    found = each_part(sort, _PARTS, most_threads() if n_tasks >= _THREADS_FROM else 1)
    return min((task for task in found if task >= 0), default=-1)


@compiled
def _count(task: NDArray[np.int32], counts: Indices) -> None:
    for at in range(len(task)):
        if at + _AHEAD < len(task):
            prefetch(counts, uintp(task[at + _AHEAD]))  # type: ignore[call-arg]  # see compiling.py
        counts[uintp(task[at])] += 1


@compiled
def _place(
    task: NDArray[np.int32],
    annotator: NDArray[np.int32],
    label: Indices,
    following: Indices,
    rows: tuple[Indices, Indices, Indices],
) -> None:
    """Write labels to places anywhere in memory, each of which is asked for in good time."""
    _, annotators, labels = rows
    for at in range(len(task)):
        if at + 2 * _AHEAD < len(task):
            prefetch(following, uintp(task[at + 2 * _AHEAD]))  # type: ignore[call-arg]  # as above
        if at + _AHEAD < len(task):
            later = uintp(following[uintp(task[at + _AHEAD])])
            prefetch(annotators, later)  # type: ignore[call-arg]  # as above
            prefetch(labels, later)
        place = uintp(following[uintp(task[at])])
        annotators[place] = annotator[at]
        labels[place] = label[at]
        following[uintp(task[at])] += 1


@compiled
def _order_within_tasks(rows: tuple[Indices, Indices, Indices], start: int, stop: int) -> int:
    """Sort each task's labels by annotator; return the first task with a repeat, or -1."""
    offsets, annotators, labels = rows
    own, answers = np.empty(_FEW, annotators.dtype), np.empty(_FEW, labels.dtype)
    repeated = -1
    for task in range(start, stop):
        first, last = uintp(offsets[task]), uintp(offsets[task + 1])
        if last - first <= _FEW:
            repeats = _rank(annotators, labels, first, last, own, answers)
        else:
            order = np.argsort(annotators[first:last], kind="mergesort")
            annotators[first:last] = annotators[first:last][order]
            labels[first:last] = labels[first:last][order]
            repeats = (np.diff(annotators[first:last]) == 0).any()
        if repeats and repeated < 0:
            repeated = task
    return repeated


@compiled
def _rank(  # noqa: PLR0917 - the room is made once
    annotators: Indices, labels: Indices, first: int, last: int, own: Indices, answers: Indices
) -> bool:
    """Put every label at its rank, by comparing all with all: nothing for the processor to guess.

    own, answers: room for a copy of both.
    """
    repeats, n_labels = False, uintp(last - first)
    for at in range(n_labels):
        own[at], answers[at] = annotators[first + at], labels[first + at]
    for at in range(n_labels):
        rank = uintp(0)
        for before in range(at):
            rank += uintp(own[before] <= own[at])
            repeats |= own[before] == own[at]
        for after in range(at + uintp(1), n_labels):
            rank += uintp(own[after] < own[at])
        annotators[first + rank], labels[first + rank] = own[at], answers[at]
    return repeats


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
