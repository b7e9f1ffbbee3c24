"""Take the sums of an EM in machine code, part by part."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crowd.aggregation import compiled
from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.compiled_vectors import Shape
from crowd.aggregation.compiling import each_part, most_threads
from crowd.aggregation.em_steps import EMSteps, Expected
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.posteriors import known_classes

_MOST_PARTS = 4
# Up to so many classes the machine code is made for just that number; it takes seconds each.
_MOST_UNROLLED = 8
_CACHE_LINE = 64
# Fewer numbers are added up before a thread has woken.
_THREADS_FROM = 100_000


class CompiledSteps(EMSteps):
    """Go through the labels in parts of whole tasks, each with a table of its own.

    The parts depend on the crowd alone, and their sums are added in their order. So the number
    of threads changes no byte of a result.
    """

    def __init__(
        self,
        matrix: LabelMatrix,
        known: Mapping[int, int] | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        self._n_tasks, self._n_annotators = matrix.n_tasks, matrix.n_annotators
        self._shape = _shape_of(matrix.n_classes)
        self._rows = (matrix.task_offsets, matrix.annotator, matrix.label)
        self._known = known_classes(known, matrix.n_tasks, matrix.n_classes)
        self._threads = most_threads() if threads is None else threads
        table_size = 2 * matrix.n_annotators * matrix.n_classes**2
        # More parts only as long as their tables are smaller than the labels.
        n_parts = min(max(matrix.n_labels // (4 * table_size), 1), _MOST_PARTS)
        self._cuts = _cuts(matrix.task_offsets, n_parts)
        self._tables = _aligned(n_parts, table_size)

    def from_votes(self, spread_votes: float) -> Expected:
        """Return what the first M step needs, with vote shares in the place of a posterior."""
        class_tasks = self._empty_class_tasks()
        self._tables[:] = 0

        def count(part: int) -> None:
            compiled.vote_pass(
                self._shape,
                self._rows,
                self._known,
                spread_votes,
                self._tables[part],
                *self._tasks_of(part),
                class_tasks[part],
            )

        each_part(count, len(self._tables), self._threads)
        return Expected(self._counts(), class_tasks.sum(axis=0), 0.0)

    def expect(self, log_confusion: FloatArray, log_class_shares: FloatArray) -> Expected:
        """Run an E step, and return what the next M step needs."""
        class_tasks = self._empty_class_tasks()
        log_confusion = _plain(log_confusion)

        def run(part: int) -> float:
            compiled.load(self._shape, log_confusion, self._tables[part])
            return compiled.em_pass(
                self._shape,
                self._rows,
                self._known,
                self._tables[part],
                log_class_shares,
                *self._tasks_of(part),
                class_tasks[part],
            )

        evidence = each_part(run, len(self._tables), self._threads)
        return Expected(self._counts(), class_tasks.sum(axis=0), sum(evidence))

    def posterior(
        self, log_confusion: FloatArray, log_class_shares: FloatArray, correlation: float
    ) -> FloatArray:
        """Return the tempered posterior: shape (n_tasks, n_classes)."""
        posterior = np.empty((self._n_tasks, len(self._shape)))
        log_confusion = _plain(log_confusion)

        def write(part: int) -> None:
            compiled.load(self._shape, log_confusion, self._tables[part])
            compiled.posterior_pass(
                self._shape,
                self._rows,
                self._known,
                self._tables[part],
                log_class_shares,
                correlation,
                *self._tasks_of(part),
                posterior,
            )

        each_part(write, len(self._tables), self._threads)
        return posterior

    def _tasks_of(self, part: int) -> tuple[int, int]:
        return int(self._cuts[part]), int(self._cuts[part + 1])

    def _empty_class_tasks(self) -> FloatArray:
        return np.zeros((len(self._tables), len(self._shape)))

    def _counts(self) -> FloatArray:
        n_classes = len(self._shape)
        counts = np.empty((self._n_annotators, n_classes, n_classes))
        cuts = np.linspace(0, self._n_annotators, _MOST_PARTS + 1).astype(np.int64)

        def collect(part: int) -> None:
            first, last = int(cuts[part]), int(cuts[part + 1])
            compiled.collect(self._shape, self._tables, first, last, counts)

        each_part(collect, _MOST_PARTS, self._threads if counts.size >= _THREADS_FROM else 1)
        return counts


def right_labels(
    matrix: LabelMatrix, posterior: FloatArray, *, threads: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the expected number of right labels of each annotator, and its variance."""
    cuts = _cuts(matrix.task_offsets, _MOST_PARTS)
    right, doubt = (np.zeros((_MOST_PARTS, matrix.n_annotators)) for _ in range(2))
    rows = (matrix.task_offsets, matrix.annotator, matrix.label)

    def add_up(part: int) -> None:
        tasks = int(cuts[part]), int(cuts[part + 1])
        compiled.answer_pass(rows, posterior, *tasks, right[part], doubt[part])

    each_part(add_up, _MOST_PARTS, most_threads() if threads is None else threads)
    return right.sum(axis=0), doubt.sum(axis=0)


def _plain(array: FloatArray) -> FloatArray:
    """Return the array in the one layout that machine code is made for."""
    return np.require(array, np.float64, ["C", "W"])


def _shape_of(n_classes: int) -> Shape:
    if n_classes <= _MOST_UNROLLED:
        return (0,) * n_classes
    return np.zeros(n_classes, dtype=np.int64)


def _cuts(task_offsets: NDArray[np.signedinteger], n_parts: int) -> IndexArray:
    """Cut the tasks into parts of about as many labels."""
    wanted = np.linspace(0, task_offsets[-1], n_parts + 1)[1:-1]
    inner = np.searchsorted(task_offsets, wanted)
    return np.array([0, *inner, len(task_offsets) - 1])


def _aligned(n_rows: int, n_columns: int) -> FloatArray:
    """Return an array whose rows begin with a line of the processor's cache."""
    line = _CACHE_LINE // 8
    width = -(-n_columns // line) * line
    room = np.empty(n_rows * width + line)
    start = -(room.ctypes.data // 8) % line
    return room[start : start + n_rows * width].reshape(n_rows, width)
