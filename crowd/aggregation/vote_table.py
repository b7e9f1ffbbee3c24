"""Count the labels of every task by class, and write down equal counts only once.

Agreement depends on a task's label counts alone, and a million labels have few different
rows of counts: five labels in four classes make at most 56. What follows the counting costs
next to nothing, a bootstrap included.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.label_matrix import LabelMatrix

# Keys stay below this.
_LARGEST_KEY = 2**62
# A range of keys this many times the tasks is counted faster than it is sorted.
_DENSE = 4


@dataclass(frozen=True, eq=False)
class VoteTable:
    """Hold the different rows of label counts, and how many tasks have each.

    rows: labels by column (a class, or a class of one group), shape (n_rows, n_columns).
    times: tasks that have this row, shape (n_rows,).
    """

    rows: FloatArray
    times: FloatArray

    def with_at_least(self, n_labels: int) -> "VoteTable":
        """Leave out the tasks with fewer labels."""
        kept = self.rows.sum(axis=1) >= n_labels
        return VoteTable(self.rows[kept], self.times[kept])


def vote_table(matrix: LabelMatrix) -> VoteTable:
    """Count the labels of every task by class."""
    return counted(matrix.task, matrix.label, matrix.n_tasks, matrix.n_classes)[0]


def counted(
    task: NDArray[np.signedinteger],
    column: NDArray[np.signedinteger],
    n_tasks: int,
    n_columns: int,
) -> tuple[VoteTable, IndexArray]:
    """Count by task and column, two aligned index arrays with a number per label.

    Also return the row of each task, shape (n_tasks,). A row is read as the digits of one
    number, as many columns at a time as fit into one.
    """
    task, column = _by_task(task, column)
    starts = np.flatnonzero(np.append(len(task) > 0, task[1:] != task[:-1]))
    base = int(np.diff(starts, append=len(task)).max(initial=0)) + 1
    width = _columns_at_a_time(base, n_tasks)
    row_of_task = np.zeros(n_tasks, dtype=np.int64)
    rows = np.zeros((1, 0), dtype=np.int64)
    for start in range(0, n_columns, width):
        stop = min(start + width, n_columns)
        digits = base ** np.arange(stop - start, dtype=np.int64)
        weight_of_column = np.zeros(n_columns, dtype=np.int64)
        weight_of_column[start:stop] = digits
        span = base ** (stop - start)
        keys = row_of_task * span
        if len(starts):
            keys[task[starts]] += np.add.reduceat(weight_of_column[column], starts)
        found, row_of_task = _numbered(keys, len(rows) * span)
        block = (found % span)[:, None] // digits % base
        rows = np.concatenate([rows[found // span], block], axis=1)
    times = np.bincount(row_of_task, minlength=len(rows))
    return VoteTable(rows.astype(np.float64), times.astype(np.float64)), row_of_task


def _by_task(
    task: NDArray[np.signedinteger], column: NDArray[np.signedinteger]
) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
    """Sort by task what is not sorted already, as the labels of a matrix are."""
    if (task[1:] >= task[:-1]).all():
        return task, column
    order = np.argsort(task, kind="stable")
    return task[order], column[order]


def _columns_at_a_time(base: int, n_tasks: int) -> int:
    if base == 1:  # There are no labels.
        return _LARGEST_KEY
    width = 1
    while base ** (width + 1) * max(n_tasks, 1) < _LARGEST_KEY:
        width += 1
    return width


def _numbered(keys: IndexArray, span: int) -> tuple[IndexArray, IndexArray]:
    """Return the different keys in order, and for each key its place among them."""
    if span > _DENSE * max(len(keys), 1024):
        return np.unique(keys, return_inverse=True)
    is_used = np.bincount(keys, minlength=span) > 0
    place = np.cumsum(is_used) - 1
    return np.flatnonzero(is_used), place[keys]
