"""Hold regions that annotators drew in tasks, and who looked and drew none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from crowd.aggregation.answer_rows import AnswerRows, check_indices, numbered
from crowd.aggregation.arrays import FloatArray, IndexArray


@dataclass(frozen=True, eq=False)
class RegionRows(AnswerRows):
    """Hold one row per region: its ends, and its class.

    ends: lower ends along each axis, then upper ends, (n_rows, 2 * n_axes): left, top,
        right, bottom of a box; start, end of a span (end exclusive).
    label: class of each region, (n_rows,); all 0 where there is one class.
    seen: who answered which task, regions or none: (task index, annotator index) rows,
        (n_answers, 2).
    """

    kind: ClassVar[str] = "regions"
    columns: ClassVar[tuple[str, ...]] = ("ends", "label")
    takes_many: ClassVar[bool] = True

    ends: FloatArray
    label: IndexArray
    class_names: tuple[str, ...]
    seen: IndexArray

    def __post_init__(self) -> None:
        """Refuse regions without extent, and those of annotators who did not answer."""
        check_indices(self.label, len(self.class_names), "class")
        axes = self.ends.shape[1] // 2
        if not (
            np.isfinite(self.ends).all() and (self.ends[:, :axes] <= self.ends[:, axes:]).all()
        ):
            raise ValueError("A region ends before it starts, or is not finite.")
        super().__post_init__()
        seen = np.unique(self.seen, axis=0)
        seen.flags.writeable = False
        object.__setattr__(self, "seen", seen)
        cells = seen[:, 0] * self.n_annotators + seen[:, 1]
        if not np.isin(self.task * self.n_annotators + self.annotator, cells).all():
            raise ValueError("A region's annotator is not among those who saw its task.")

    @classmethod
    def from_answers(
        cls,
        answers: Iterable[tuple[str, str, Iterable[tuple[str, Sequence[float]]]]],
        *,
        classes: Sequence[str] = ("",),
        n_axes: int = 2,
    ) -> Self:
        """Build the rows from (task, annotator, regions), each region (class, ends).

        An answer without regions counts: it says that there is nothing to see.
        """
        given = [(task, who, list(regions)) for task, who, regions in answers]
        task, tasks = numbered([row[0] for row in given])
        annotator, annotators = numbered([row[1] for row in given])
        place = {name: index for index, name in enumerate(classes)}
        drawn = [(row, name, ends) for row, (_, _, each) in enumerate(given) for name, ends in each]
        unknown = sorted({name for _, name, _ in drawn} - set(place))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of the classes: {', '.join(place)}.")
        rows = np.array([row for row, _, _ in drawn], dtype=np.int64)
        ends = np.array([ends for _, _, ends in drawn], dtype=np.float64).reshape(-1, 2 * n_axes)
        label = np.array([place[name] for _, name, _ in drawn], dtype=np.int64)
        seen = np.stack([task, annotator], axis=1)
        return cls(task[rows], annotator[rows], tasks, annotators, ends, label, tuple(place), seen)

    def _names(self) -> tuple[tuple[str, ...], ...]:
        seen = tuple(f"{task} {annotator}" for task, annotator in self.seen.tolist())
        return *super()._names(), self.class_names, seen
