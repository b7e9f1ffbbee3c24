"""Hold the labels of many annotators on many tasks as three aligned integer arrays."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowd.aggregation.arrays import FloatArray, IndexArray

_DIGEST_FORMAT = "folkmoot label matrix 1"
_MOST_CLASSES = int(np.iinfo(np.int16).max)


@dataclass(frozen=True, eq=False)
class LabelMatrix:
    """Hold one row per label: which task, which annotator, which class, each as an index.

    Rows are sorted by task and then annotator, and the arrays are read-only copies.
    The order of `class_names` carries meaning: a tie goes to the class that comes first.
    Tasks and annotators without labels are allowed. Raise ValueError for arrays that do
    not fit each other or the names, and for an annotator with two labels on one task.
    """

    task: NDArray[np.int32]
    annotator: NDArray[np.int32]
    label: NDArray[np.int16]
    task_names: tuple[str, ...]
    annotator_names: tuple[str, ...]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the arrays against the names and put the rows in canonical order."""
        _check_names(self.task_names, "task")
        _check_names(self.annotator_names, "annotator")
        _check_names(self.class_names, "class")
        if not len(self.task) == len(self.annotator) == len(self.label):
            raise ValueError("The task, annotator and label arrays differ in length.")
        _check_indices(self.task, self.n_tasks, "task")
        _check_indices(self.annotator, self.n_annotators, "annotator")
        _check_indices(self.label, self.n_classes, "class")
        self._sort_rows()
        self._refuse_second_labels()

    @classmethod
    def from_labels(cls, labels: Iterable[tuple[str, str, str]], *, classes: Sequence[str]) -> Self:
        """Build the matrix from (task, annotator, class) names, in any order.

        Raise ValueError that names the row when a name is missing, a label is none of
        `classes`, or an annotator labelled a task twice; and when there are no labels.
        """
        rows = list(labels)
        if not rows:
            raise ValueError("There are no labels.")
        class_index = {name: index for index, name in enumerate(classes)}
        for row in rows:
            _check_row(row, class_index)
        task_index = _index_of({task for task, _, _ in rows})
        annotator_index = _index_of({annotator for _, annotator, _ in rows})
        return cls(
            np.array([task_index[task] for task, _, _ in rows], dtype=np.int32),
            np.array([annotator_index[annotator] for _, annotator, _ in rows], dtype=np.int32),
            np.array([class_index[label] for _, _, label in rows], dtype=np.int16),
            task_names=tuple(task_index),
            annotator_names=tuple(annotator_index),
            class_names=tuple(classes),
        )

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
        return np.bincount(self.task, minlength=self.n_tasks)

    @cached_property
    def labels_per_annotator(self) -> IndexArray:
        """Count the labels of each annotator: shape (n_annotators,)."""
        return np.bincount(self.annotator, minlength=self.n_annotators)

    @cached_property
    def answer_cells(self) -> IndexArray:
        """Number each label by annotator and class together: annotator * n_classes + label."""
        return self.annotator.astype(np.int64) * self.n_classes + self.label

    def votes(self) -> FloatArray:
        """Count the labels for each class of each task: shape (n_tasks, n_classes)."""
        cells = self.task.astype(np.int64) * self.n_classes + self.label
        counts = np.bincount(cells, minlength=self.n_tasks * self.n_classes)
        return counts.reshape(self.n_tasks, self.n_classes).astype(np.float64)

    def known_indices(self, gold: Mapping[str, str]) -> dict[int, int]:
        """Translate gold answers by name to indices, leaving out tasks that nobody labelled.

        Raise ValueError for an answer that is none of the classes.
        """
        class_index = {name: index for index, name in enumerate(self.class_names)}
        for task, answer in gold.items():
            if answer not in class_index:
                raise ValueError(f"The gold answer {answer!r} of task {task!r} is no class.")
        return {
            index: class_index[gold[name]]
            for index, name in enumerate(self.task_names)
            if name in gold
        }

    def digest(self) -> str:
        """Return the SHA-256 in hex of the names and rows, the same for any order of input."""
        names = [_DIGEST_FORMAT, self.task_names, self.annotator_names, self.class_names]
        sha256 = hashlib.sha256(json.dumps(names, separators=(",", ":")).encode())
        # Little-endian on every machine, so that the digest can be compared between them.
        sha256.update(self.task.astype("<i4").tobytes())
        sha256.update(self.annotator.astype("<i4").tobytes())
        sha256.update(self.label.astype("<i2").tobytes())
        return sha256.hexdigest()

    def _sort_rows(self) -> None:
        order = np.lexsort((self.annotator, self.task))
        for name, dtype in (("task", np.int32), ("annotator", np.int32), ("label", np.int16)):
            rows = np.asarray(getattr(self, name))[order].astype(dtype)
            rows.flags.writeable = False
            object.__setattr__(self, name, rows)

    def _refuse_second_labels(self) -> None:
        same = (np.diff(self.task) == 0) & (np.diff(self.annotator) == 0)
        if same.any():
            row = int(np.argmax(same))
            annotator = self.annotator_names[self.annotator[row]]
            task = self.task_names[self.task[row]]
            raise ValueError(f"Annotator {annotator!r} labelled task {task!r} more than once.")


def _index_of(names: set[str]) -> dict[str, int]:
    return {name: index for index, name in enumerate(sorted(names))}


def _check_row(row: tuple[str, str, str], class_index: Mapping[str, int]) -> None:
    task, annotator, label = row
    if not (isinstance(task, str) and isinstance(annotator, str) and task and annotator):
        raise ValueError(f"A label lacks its task or its annotator: {row!r}.")
    if label is None or label == "":
        raise ValueError(f"The label of annotator {annotator!r} on task {task!r} is missing.")
    if label not in class_index:
        raise ValueError(
            f"Annotator {annotator!r} labelled task {task!r} as {label!r}, "
            f"which is none of the classes: {', '.join(class_index)}."
        )


def _check_names(names: tuple[str, ...], kind: str) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"Two {kind} names are the same.")
    if kind == "class" and not 1 <= len(names) <= _MOST_CLASSES:
        raise ValueError(f"There must be 1 to {_MOST_CLASSES} classes, not {len(names)}.")


def _check_indices(indices: NDArray[np.signedinteger], count: int, kind: str) -> None:
    array = np.asarray(indices)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"The {kind} indices must be a flat array of integers.")
    if array.size and not 0 <= array.min() <= array.max() < count:
        raise ValueError(f"A {kind} index lies outside 0 to {count - 1}.")
