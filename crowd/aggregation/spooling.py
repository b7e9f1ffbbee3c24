"""Order the labels of a Parquet file that is larger than memory.

The file is read twice, some rows at a time: to count the labels of each task, and to put every
label into its place in two files of five bytes a label, which the matrix then maps into memory.
A fit goes through them in order, so that the system reads ahead and gives their memory back.

What stays in memory, whatever the number of labels: 24 bytes a task while the labels are put in
order (8 afterwards), and during a fit the posterior (8 bytes a task and class), what depends on it
(16 bytes a task), and six tables of 8 bytes an annotator and pair of classes, each of which up to
four times. Only where the rows of one task lie far apart does the ordering jump in its files.

Columns hold indices from 0 on, as text for so many labels would have to be kept in memory.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike
from pyarrow import parquet

from crowd.aggregation.compiled_rows import RowPlacer
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.label_tables import Columns, check_columns
from crowd.aggregation.names import NumberedNames
from crowd.aggregation.row_order import Indices, Integers, RepeatedLabel, Repeats, label_type

_ROWS_AT_ONCE = 2**17


class Size(NamedTuple):
    """Count the tasks, annotators and classes; an index lies below its count."""

    n_tasks: int
    n_annotators: int
    n_classes: int


def spooled_matrix(
    path: Path | str,
    *,
    spool: Path,
    size: Size,
    columns: Columns | None = None,
    repeats: Repeats = Repeats.REFUSE,
) -> LabelMatrix:
    """Return the matrix of a Parquet file of indices, with its labels in files in `spool`.

    The files must live as long as the matrix, and may be deleted then. Raise ValueError for a
    column or value that is missing, an index out of range, and for repeats if refused.
    """
    file = _File(path, columns or Columns(), size)
    placer = RowPlacer(size.n_tasks)
    for task, _, _ in file.batches():
        placer.count(task)

    def on_disk(name: str, length: int, dtype: DTypeLike) -> Indices:
        # Nothing can be mapped from an empty file.
        return np.memmap(spool / f"{name}.bin", dtype, "w+", shape=max(length, 1))[:length]

    placer.begin(label_type(size.n_classes), on_disk)
    for task, annotator, label in file.batches():
        placer.place(task, annotator, label)
    names = (NumberedNames(size.n_tasks), NumberedNames(size.n_annotators))
    try:
        rows = placer.finish(repeats)
    except RepeatedLabel as found:
        raise ValueError(str(found)) from None
    return LabelMatrix.from_rows(rows, *names, tuple(NumberedNames(size.n_classes)))


class _File:
    """A Parquet file, read some rows at a time, as often as wanted."""

    def __init__(self, path: Path | str, columns: Columns, size: Size) -> None:
        self._path, self._columns, self._size = path, columns, size
        check_columns(parquet.read_schema(path), columns)

    def batches(self) -> Iterator[tuple[Integers, Integers, Integers]]:
        """Return the three columns of some rows after another."""
        # Whole groups of rows are not kept: the pages come through a small buffer.
        with parquet.ParquetFile(self._path, buffer_size=2**20, pre_buffer=False) as file:
            first = 1
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=list(self._columns)):
                task, annotator, label = (
                    _checked(batch.column(name), name, count, first)
                    for name, count in zip(self._columns, self._size, strict=True)
                )
                yield task, annotator, label
                first += batch.num_rows


def _checked(column: pa.Array, name: str, count: int, first: int) -> Integers:
    if not pa.types.is_integer(column.type):
        raise ValueError(f"The column {name!r} holds {column.type}, not indices.")
    if column.null_count:
        row = first + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        raise ValueError(f"Row {row} has no {name!r}.")
    indices: Integers = column.to_numpy()
    outside = (indices < 0) | (indices >= count)
    if outside.any():
        place = int(np.argmax(outside))
        raise ValueError(
            f"The {name!r} of row {first + place} is {indices[place]}, not in 0 to {count - 1}."
        )
    return indices
