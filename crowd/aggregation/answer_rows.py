"""Hold answers that are no single class: rows of task, annotator and what was answered."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from crowd.aggregation.arrays import FloatArray, IndexArray


@dataclass(frozen=True, eq=False)
class AnswerRows:
    """Hold one row per answer: which task, which annotator, each as an index.

    Rows are sorted by task, annotator and then the answer, and the arrays are read-only
    copies. Tasks and annotators without answers are allowed. Raise ValueError for arrays
    that do not fit each other or the names, and for a second answer to a task where the
    kind allows one only.
    """

    kind: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ()
    takes_many: ClassVar[bool] = False

    task: IndexArray
    annotator: IndexArray
    task_names: tuple[str, ...]
    annotator_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the rows and put them in canonical order."""
        check_indices(self.task, len(self.task_names), "task")
        check_indices(self.annotator, len(self.annotator_names), "annotator")
        for column in ("task", "annotator", *self.columns):
            if len(np.asarray(getattr(self, column))) != len(self.task):
                raise ValueError(f"The column {column} has another length than task.")
        self._sort_rows()
        same = (np.diff(self.task) == 0) & (np.diff(self.annotator) == 0)
        if same.any() and not self.takes_many:
            row = int(np.argmax(same))
            raise ValueError(
                f"Annotator {self.annotator_names[self.annotator[row]]!r} answered task "
                f"{self.task_names[self.task[row]]!r} more than once."
            )

    @property
    def n_rows(self) -> int:
        """Count the rows."""
        return len(self.task)

    @property
    def n_tasks(self) -> int:
        """Count the tasks, those without answers included."""
        return len(self.task_names)

    @property
    def n_annotators(self) -> int:
        """Count the annotators, those without answers included."""
        return len(self.annotator_names)

    def digest(self) -> str:
        """Return the SHA-256 in hex of names and rows, the same for any order of input."""
        head = [f"folkmoot {self.kind} 1", *self._names()]
        sha256 = hashlib.sha256(json.dumps(head, separators=(",", ":")).encode())
        for column in ("task", "annotator", *self.columns):
            values = np.asarray(getattr(self, column))
            # Little-endian on every machine, so that the digest can be compared between them.
            sha256.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
        return sha256.hexdigest()

    def _names(self) -> tuple[tuple[str, ...], ...]:
        return self.task_names, self.annotator_names

    def _sort_rows(self) -> None:
        keys: list[NDArray[np.generic]] = []
        for column in self.columns:
            values = np.asarray(getattr(self, column))
            keys += [values] if values.ndim == 1 else list(values.T)
        order = np.lexsort((*keys[::-1], self.annotator, self.task))
        for column in ("task", "annotator", *self.columns):
            rows = np.asarray(getattr(self, column))[order]
            rows.flags.writeable = False
            object.__setattr__(self, column, rows)


@dataclass(frozen=True, eq=False)
class NumberRows(AnswerRows):
    """Hold answers that are numbers: value, finite, shape (n_rows,)."""

    kind: ClassVar[str] = "numbers"
    columns: ClassVar[tuple[str, ...]] = ("value",)

    value: FloatArray

    def __post_init__(self) -> None:
        """Refuse what is no number."""
        if not np.isfinite(self.value).all():
            raise ValueError("A value is not a finite number.")
        super().__post_init__()

    @classmethod
    def from_answers(cls, answers: Iterable[tuple[str, str, float]]) -> Self:
        """Build the rows from (task, annotator, value), in any order."""
        rows = list(answers)
        return cls(*indexed(rows), np.array([row[2] for row in rows], dtype=np.float64))


@dataclass(frozen=True, eq=False)
class TextRows(AnswerRows):
    """Hold answers that are free text: an array of str, shape (n_rows,)."""

    kind: ClassVar[str] = "texts"
    columns: ClassVar[tuple[str, ...]] = ("text",)

    text: NDArray[np.str_]

    @classmethod
    def from_answers(cls, answers: Iterable[tuple[str, str, str]]) -> Self:
        """Build the rows from (task, annotator, text); raise ValueError for what is no text."""
        rows = list(answers)
        if any(not isinstance(text, str) for _, _, text in rows):
            raise ValueError("An answer is no text.")
        return cls(*indexed(rows), np.array([row[2] for row in rows], dtype=np.str_))


@dataclass(frozen=True, eq=False)
class ClassSetRows(AnswerRows):
    """Hold answers that are sets of classes: chosen, True where one is, (n_rows, n_classes)."""

    kind: ClassVar[str] = "sets of classes"
    columns: ClassVar[tuple[str, ...]] = ("chosen",)

    chosen: NDArray[np.bool_]
    class_names: tuple[str, ...]

    @property
    def n_classes(self) -> int:
        """Count the classes that an answer can hold."""
        return len(self.class_names)

    @classmethod
    def from_answers(
        cls, answers: Iterable[tuple[str, str, Iterable[str]]], *, classes: Sequence[str]
    ) -> Self:
        """Build the rows from (task, annotator, chosen classes); raise ValueError for others."""
        rows = list(answers)
        place = {name: index for index, name in enumerate(classes)}
        chosen = np.zeros((len(rows), len(place)), dtype=np.bool_)
        for row, (_, _, names) in enumerate(rows):
            for name in names:
                if name not in place:
                    raise ValueError(f"{name!r} is none of the classes: {', '.join(place)}.")
                chosen[row, place[name]] = True
        return cls(*indexed(rows), chosen, tuple(place))

    def _names(self) -> tuple[tuple[str, ...], ...]:
        return *super()._names(), self.class_names


@dataclass(frozen=True, eq=False)
class ComparisonRows(AnswerRows):
    """Hold comparisons of two items, each as an index; a ranking gives one row per pair.

    share: 1 where the first item won, 0 where the second did, 0.5 for a tie.
    """

    kind: ClassVar[str] = "comparisons"
    columns: ClassVar[tuple[str, ...]] = ("first", "second", "share")
    takes_many: ClassVar[bool] = True

    first: IndexArray
    second: IndexArray
    share: FloatArray
    item_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse comparisons of an item with itself and outcomes beyond 0 and 1."""
        check_indices(self.first, len(self.item_names), "item")
        check_indices(self.second, len(self.item_names), "item")
        if (np.asarray(self.first) == np.asarray(self.second)).any():
            raise ValueError("An item is compared with itself.")
        if not ((np.asarray(self.share) >= 0) & (np.asarray(self.share) <= 1)).all():
            raise ValueError("The share of a comparison lies outside 0 to 1.")
        super().__post_init__()

    @property
    def n_items(self) -> int:
        """Count the items."""
        return len(self.item_names)

    @classmethod
    def from_answers(cls, answers: Iterable[tuple[str, str, str, float]]) -> Self:
        """Build the rows from (annotator, first item, second item, share), in any order.

        Each pair of items is a task, whichever of them stands first.
        """
        rows = list(answers)
        # As JSON, so that names with spaces in them stay apart.
        pairs = [json.dumps(sorted((first, second))) for _, first, second, _ in rows]
        task, annotator, tasks, annotators = indexed(
            [(pair, who, None) for pair, (who, *_) in zip(pairs, rows, strict=True)]
        )
        items, names = numbered([row[1] for row in rows] + [row[2] for row in rows])
        share = np.array([row[3] for row in rows], dtype=np.float64)
        halves = items[: len(rows)], items[len(rows) :]
        return cls(task, annotator, tasks, annotators, *halves, share, names)

    def _names(self) -> tuple[tuple[str, ...], ...]:
        return *super()._names(), self.item_names


def indexed(
    rows: Sequence[tuple[str, str, object]],
) -> tuple[IndexArray, IndexArray, tuple[str, ...], tuple[str, ...]]:
    """Return the task and annotator index of each row, and the names of both."""
    task, tasks = numbered([row[0] for row in rows])
    annotator, annotators = numbered([row[1] for row in rows])
    return task, annotator, tasks, annotators


def numbered(names: Sequence[str]) -> tuple[IndexArray, tuple[str, ...]]:
    """Return the place of each name in their sorted order, and that order.

    Raise ValueError where there is no name or an empty one.
    """
    if not names:
        raise ValueError("There are no answers.")
    if any(not isinstance(name, str) or not name for name in names):
        raise ValueError("An answer lacks its task, its annotator or its item.")
    unique = tuple(sorted(set(names)))
    index = {name: number for number, name in enumerate(unique)}
    return np.array([index[name] for name in names], dtype=np.int64), unique


def check_indices(indices: IndexArray, count: int, kind: str) -> None:
    """Raise ValueError for what is no flat array of indices below `count`."""
    array = np.asarray(indices)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"The {kind} indices must be a flat array of integers.")
    if array.size and not 0 <= array.min() <= array.max() < count:
        raise ValueError(f"A {kind} index lies outside 0 to {count - 1}.")
