"""Hold the labels of many annotators on many tasks in five bytes each."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from crowd.aggregation.arrays import FloatArray, IndexArray
from crowd.aggregation.named_labels import indexed, known_indices
from crowd.aggregation.names import Names, NumberedNames, check_names, json_pieces
from crowd.aggregation.row_order import (
    Indices,
    Integers,
    RepeatedLabel,
    Repeats,
    Rows,
    checked_indices,
    count_indices,
    in_order,
    label_type,
)

if TYPE_CHECKING:
    from crowd.aggregation.label_tables import Columns, Table

_DIGEST_FORMAT = "folkmoot label matrix 1"
_ROWS_AT_ONCE = 2**16


class LabelMatrix:
    """Hold one row per label: which task, which annotator, which class, each as an index.

    Rows are sorted by task and then annotator, and the arrays are read-only copies.
    The order of `class_names` carries meaning: a tie goes to the class that comes first.
    Tasks and annotators without labels are allowed. Where an annotator labelled a task more
    than once, `repeats` says what counts. Raise ValueError for arrays that do not fit each other
    or the names, and for such a repeat unless `repeats` allows it.

    task_offsets: where the labels of each task begin, shape (n_tasks + 1,), int32.
    annotator, label: annotator and class of each label, shape (n_labels,), int32 and int8;
        int16 from 128 classes on.
    """

    def __init__(  # noqa: PLR0917 - the three arrays and their three names
        self,
        task: Integers,
        annotator: Integers,
        label: Integers,
        task_names: Names,
        annotator_names: Names,
        class_names: tuple[str, ...],
        *,
        repeats: Repeats = Repeats.REFUSE,
    ) -> None:
        self._name(task_names, annotator_names, class_names)
        if not len(task) == len(annotator) == len(label):
            raise ValueError("The task, annotator and label arrays differ in length.")
        task = checked_indices(task, self.n_tasks, "task")
        annotator = checked_indices(annotator, self.n_annotators, "annotator")
        label = checked_indices(label, self.n_classes, "class")
        small: Indices = label.astype(label_type(self.n_classes), copy=False)
        try:
            self._keep(in_order(task, annotator, small, self.n_tasks, repeats))
        except RepeatedLabel as found:
            raise found.named(annotator_names, task_names) from None

    @classmethod
    def from_labels(
        cls,
        labels: Iterable[tuple[str, str, str]],
        *,
        classes: Sequence[str],
        repeats: Repeats = Repeats.REFUSE,
    ) -> Self:
        """Build the matrix from (task, annotator, class) names, in any order.

        Raise ValueError for what is missing or no class, and as the class says.
        """
        return cls(*indexed(list(labels), classes), repeats=repeats)

    @classmethod
    def from_arrays(
        cls,
        task: Integers,
        annotator: Integers,
        label: Integers,
        *,
        n_tasks: int | None = None,
        n_annotators: int | None = None,
        n_classes: int | None = None,
        repeats: Repeats = Repeats.REFUSE,
    ) -> Self:
        """Build the matrix from indices, in any order; names are the indices as text.

        n_tasks, n_annotators, n_classes: one more than the highest index, unless given.
        """
        return cls(
            task,
            annotator,
            label,
            NumberedNames(count_indices(task, "task") if n_tasks is None else n_tasks),
            NumberedNames(
                count_indices(annotator, "annotator") if n_annotators is None else n_annotators
            ),
            tuple(NumberedNames(count_indices(label, "class") if n_classes is None else n_classes)),
            repeats=repeats,
        )

    @classmethod
    def from_table(
        cls,
        table: "Table",
        *,
        classes: Sequence[str] | None = None,
        columns: "Columns | None" = None,
        repeats: Repeats = Repeats.REFUSE,
    ) -> Self:
        """Build the matrix from a pandas, Polars or Arrow table: see label_tables.py."""
        from crowd.aggregation.label_tables import read_table  # noqa: PLC0415 - loads Arrow

        return cls(*read_table(table, classes, columns), repeats=repeats)

    @classmethod
    def from_csv(
        cls,
        path: Path | str,
        *,
        classes: Sequence[str] | None = None,
        columns: "Columns | None" = None,
        repeats: Repeats = Repeats.REFUSE,
    ) -> Self:
        """Build the matrix from a CSV file with a line of column names: see label_tables.py."""
        from crowd.aggregation.label_tables import read_csv  # noqa: PLC0415 - loads Arrow

        return cls(*read_csv(path, classes, columns), repeats=repeats)

    @classmethod
    def from_parquet(
        cls,
        path: Path | str,
        *,
        classes: Sequence[str] | None = None,
        columns: "Columns | None" = None,
        repeats: Repeats = Repeats.REFUSE,
    ) -> Self:
        """Build the matrix from Parquet: see label_tables.py, for a huge file spooling.py."""
        from crowd.aggregation.label_tables import read_parquet  # noqa: PLC0415 - loads Arrow

        return cls(*read_parquet(path, classes, columns), repeats=repeats)

    @classmethod
    def from_rows(
        cls, rows: Rows, task_names: Names, annotator_names: Names, class_names: tuple[str, ...]
    ) -> Self:
        """Take over rows that are in order already and fit the names, without looking at them."""
        matrix = cls.__new__(cls)
        matrix._name(task_names, annotator_names, class_names)
        matrix._keep(rows)
        return matrix

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.n_labels:,} labels on {self.n_tasks:,} tasks>"

    @property
    def task_offsets(self) -> Indices:
        """Return where the labels of each task begin: shape (n_tasks + 1,)."""
        return self._rows.task_offsets

    @property
    def annotator(self) -> Indices:
        """Return the annotator of each label: shape (n_labels,)."""
        return self._rows.annotator

    @property
    def label(self) -> Indices:
        """Return the class of each label: shape (n_labels,)."""
        return self._rows.label

    @cached_property
    def task(self) -> NDArray[np.int32]:
        """Return the task of each label, made when first asked for: shape (n_labels,)."""
        tasks = np.repeat(np.arange(self.n_tasks, dtype=np.int32), np.diff(self.task_offsets))
        tasks.flags.writeable = False
        return tasks

    @property
    def task_names(self) -> Names:
        """Return the names of the tasks, by index."""
        return self._task_names

    @property
    def annotator_names(self) -> Names:
        """Return the names of the annotators, by index."""
        return self._annotator_names

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the names of the classes, by index."""
        return self._class_names

    @property
    def n_labels(self) -> int:
        """Count the labels."""
        return len(self.label)

    @property
    def n_tasks(self) -> int:
        """Count the tasks, those without labels included."""
        return len(self.task_names)

    @property
    def n_annotators(self) -> int:
        """Count the annotators, those without labels included."""
        return len(self.annotator_names)

    @property
    def n_classes(self) -> int:
        """Count the classes that a label can name."""
        return len(self.class_names)

    @cached_property
    def labels_per_task(self) -> IndexArray:
        """Count the labels of each task: shape (n_tasks,)."""
        return np.diff(self.task_offsets).astype(np.int64)

    @cached_property
    def labels_per_annotator(self) -> IndexArray:
        """Count the labels of each annotator: shape (n_annotators,)."""
        counts = np.zeros(self.n_annotators, dtype=np.int64)
        for some in self._slices():  # So that no second copy of all labels is made.
            counts += np.bincount(self.annotator[some], minlength=self.n_annotators)
        return counts

    @cached_property
    def answer_cells(self) -> IndexArray:
        """Number each label by annotator and class together: annotator * n_classes + label."""
        return self.annotator.astype(np.int64) * self.n_classes + self.label

    def votes(self) -> FloatArray:
        """Count the labels for each class of each task: shape (n_tasks, n_classes)."""
        counts = np.zeros(self.n_tasks * self.n_classes)
        for some in self._slices():
            cells = self._tasks_of(some) * self.n_classes + self.label[some]
            first = cells[0] - self.label[some.start]
            found = np.bincount(cells - first)
            counts[first : first + len(found)] += found
        return counts.reshape(self.n_tasks, self.n_classes)

    def known_indices(self, gold: Mapping[str, str]) -> dict[int, int]:
        """Translate gold answers by name to indices, leaving out tasks that nobody labelled.

        Raise ValueError for an answer that is none of the classes.
        """
        return known_indices(gold, self.task_names, self.class_names)

    def digest(self) -> str:
        """Return the SHA-256 in hex of the names and rows, the same for any order of input."""
        sha256 = hashlib.sha256(f'["{_DIGEST_FORMAT}"'.encode())
        for names in (self.task_names, self.annotator_names, self.class_names):
            sha256.update(b",")
            for piece in json_pieces(names):
                sha256.update(piece.encode())
        sha256.update(b"]")
        # Little-endian on every machine, and in pieces, so that nothing is copied as a whole.
        tasks = (self._tasks_of(some).astype("<i4") for some in self._slices())
        annotators = (self.annotator[some].astype("<i4") for some in self._slices())
        labels = (self.label[some].astype("<i2") for some in self._slices())
        for some_rows in chain(tasks, annotators, labels):
            sha256.update(some_rows.tobytes())
        return sha256.hexdigest()

    def _name(
        self, task_names: Names, annotator_names: Names, class_names: tuple[str, ...]
    ) -> None:
        check_names(task_names, "task")
        check_names(annotator_names, "annotator")
        check_names(class_names, "class")
        self._task_names = task_names
        self._annotator_names = annotator_names
        self._class_names = class_names

    def _keep(self, rows: Rows) -> None:
        for array in rows:
            array.flags.writeable = False
        self._rows = rows

    def _slices(self) -> Iterator[slice]:
        starts = range(0, self.n_labels, _ROWS_AT_ONCE)
        return (slice(first, min(first + _ROWS_AT_ONCE, self.n_labels)) for first in starts)

    def _tasks_of(self, some: slice) -> IndexArray:
        first, last = np.searchsorted(self.task_offsets, [some.start, some.stop - 1], "right") - 1
        edges = np.clip(self.task_offsets[first : last + 2], some.start, some.stop)
        return np.repeat(np.arange(first, last + 1), np.diff(edges))
