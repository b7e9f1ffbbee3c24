"""Put labels in their order: by task, then by annotator, and within that as they came.

A label takes five bytes: four for its annotator and one for its class. Which task it belongs to
follows from where the labels of each task begin.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Integers: TypeAlias = NDArray[np.integer]
Indices: TypeAlias = NDArray[np.signedinteger]
# Makes an array without contents: its name, length and type.
Allocate: TypeAlias = Callable[[str, int, DTypeLike], Indices]

# From so many labels on, machine code saves more than the loading of Numba costs.
COMPILED_FROM = 50_000
_ROWS_AT_ONCE = 2**16
_MOST_UNUSED = 1_000_000


class Repeats(StrEnum):
    """What to do where an annotator labelled a task more than once."""

    REFUSE = "refuse"
    """Raise ValueError that names the first of them."""
    LAST = "last"
    """Count the one that comes last in the input, as the annotator's correction."""


class Rows(NamedTuple):
    """Hold the labels in order.

    task_offsets: where the labels of each task begin, shape (n_tasks + 1,).
    annotator, label: the annotator and class of each label, shape (n_labels,).
    """

    task_offsets: Indices
    annotator: Indices
    label: Indices


class RepeatedLabel(ValueError):
    """An annotator labelled a task more than once: both as indices."""

    def __init__(self, annotator: int, task: int) -> None:
        super().__init__(_repeated(annotator, task))
        self.annotator, self.task = annotator, task

    def named(self, annotators: Sequence[str], tasks: Sequence[str]) -> ValueError:
        """Return the same with names in place of indices."""
        return ValueError(_repeated(annotators[self.annotator], tasks[self.task]))


def _repeated(annotator: str | int, task: str | int) -> str:
    return (
        f"Annotator {annotator!r} labelled task {task!r} more than once. "
        "If the last label counts, say so: --repeats last, or repeats=Repeats.LAST."
    )


def in_order(
    task: Integers, annotator: Integers, label: Indices, n_tasks: int, repeats: Repeats
) -> Rows:
    """Return the rows in order; raise RepeatedLabel where that is refused."""
    if len(task) < COMPILED_FROM:
        return _sorted(task, annotator, label, n_tasks, repeats)
    from crowd.aggregation.compiled_rows import RowPlacer  # noqa: PLC0415 - loads Numba

    placer = RowPlacer(n_tasks)
    for some in _slices(len(task)):
        placer.count(task[some])
    placer.begin(label.dtype)
    for some in _slices(len(task)):
        placer.place(task[some], annotator[some], label[some])
    return placer.finish(repeats)


def in_memory(name: str, length: int, dtype: DTypeLike) -> Indices:
    """Make an array in memory."""
    del name
    return np.empty(length, dtype=dtype)


def offset_type(n_labels: int) -> DTypeLike:
    """Return the smallest type that can number so many labels."""
    return np.int32 if n_labels <= np.iinfo(np.int32).max else np.int64


def label_type(n_classes: int) -> type[np.int8] | type[np.int16]:
    """Return the smallest type that can number so many classes."""
    return np.int8 if n_classes <= np.iinfo(np.int8).max else np.int16


def _slices(length: int) -> Iterator[slice]:
    return (slice(first, first + _ROWS_AT_ONCE) for first in range(0, length, _ROWS_AT_ONCE))


def _sorted(
    task: Integers, annotator: Integers, label: Indices, n_tasks: int, repeats: Repeats
) -> Rows:
    order = np.lexsort((annotator, task))
    task, annotator, label = task[order], annotator[order], label[order]
    again = (np.diff(task) == 0) & (np.diff(annotator) == 0)
    if again.any():
        if repeats is Repeats.REFUSE:
            row = int(np.argmax(again))
            raise RepeatedLabel(int(annotator[row]), int(task[row]))
        kept = np.append(~again, True)
        task, annotator, label = task[kept], annotator[kept], label[kept]
    counts = np.bincount(task, minlength=n_tasks)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(offset_type(len(task)))
    return Rows(offsets, annotator.astype(np.int32), label)


def count_indices(indices: Integers, kind: str) -> int:
    """Return how many there are where nobody says it: one more than the highest index.

    Raise ValueError for indices so far apart that they cannot be numbers from 0 on.
    """
    array = checked_indices(indices, 2**31, kind)  # As many as int32 can number.
    count = int(array.max()) + 1 if array.size else 0
    if count > _MOST_UNUSED + 100 * array.size:
        raise ValueError(
            f"A {kind} index is {count - 1}, with only {array.size} labels: "
            "number them from 0 on, or say how many there are."
        )
    return count


def checked_indices(indices: Integers, count: int, kind: str) -> Integers:
    """Return the indices as an array; raise ValueError for what is no index below `count`."""
    array = np.asarray(indices)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"The {kind} indices must be a flat array of integers.")
    if array.size and not 0 <= array.min() <= array.max() < count:
        raise ValueError(f"A {kind} index lies outside 0 to {count - 1}.")
    return array
