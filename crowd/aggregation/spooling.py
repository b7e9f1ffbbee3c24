"""Order the labels of a Parquet file that is larger than memory.

The file is read twice, some rows at a time: to count the labels of each task, and to put every
label into its place in files of five bytes a label and up to 20 bytes a task, which are mapped
into memory. A fit goes through them in order, so that the system reads ahead and gives their
memory back. Only where the rows of one task lie far apart does the ordering jump in its files.

`spooled_matrix` gives one matrix, whose fit holds the posterior in memory (8 bytes a task and
class) and what depends on it (16 bytes a task). `spooled_partitions` cuts it into partitions that
`fit_partitions` fits one after another, so that memory depends on the largest partition and, as
everywhere, on the tables of annotators, but neither on the labels nor on the tasks.

Columns hold indices from 0 on, as text for so many labels would have to be kept in memory.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
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
from crowd.aggregation.partitioned import Partition
from crowd.aggregation.row_order import (
    Indices,
    Integers,
    RepeatedLabel,
    Repeats,
    Rows,
    label_type,
    offset_type,
)

_ROWS_AT_ONCE = 2**17


class Extent(NamedTuple):
    """Count the tasks, annotators and classes; an index lies below its count."""

    n_tasks: int
    n_annotators: int
    n_classes: int


def spooled_matrix(
    path: Path | str,
    *,
    spool: Path,
    size: Extent,
    columns: Columns | None = None,
    repeats: Repeats = Repeats.REFUSE,
) -> LabelMatrix:
    """Return the matrix of a Parquet file of indices, with its labels in files in `spool`.

    The files must live as long as the matrix, and may be deleted then. Raise ValueError for a
    column or value that is missing, an index out of range, and for repeats if refused.
    """
    file = _File(path, columns or Columns(), size)
    rows = _ordered(file, _Spool(spool), repeats)
    names = (NumberedNames(size.n_tasks), NumberedNames(size.n_annotators))
    return LabelMatrix.from_rows(rows, *names, tuple(NumberedNames(size.n_classes)))


def spooled_partitions(
    path: Path | str,
    *,
    spool: Path,
    size: Extent,
    n_partitions: int,
    columns: Columns | None = None,
    repeats: Repeats = Repeats.REFUSE,
) -> tuple[Partition, ...]:
    """Return the crowd of a Parquet file of indices as partitions of as many tasks each.

    Everything is in files in `spool`, as for `spooled_matrix`, which raises the same errors.
    """
    files = _Spool(spool)
    rows = _ordered(_File(path, columns or Columns(), size), files, repeats)
    annotators = NumberedNames(size.n_annotators)
    classes = tuple(NumberedNames(size.n_classes))
    cuts = np.linspace(0, size.n_tasks, min(n_partitions, size.n_tasks) + 1).astype(np.int64)
    partitions = []
    for number, (first, last) in enumerate(pairwise(cuts.tolist())):
        part = _part(rows, first, last, partial(files.room, f"offset-{number}"))
        tasks = NumberedNames(last - first, first)
        matrix = LabelMatrix.from_rows(part, tasks, annotators, classes)
        partitions.append(Partition(number, matrix, {}))
    return tuple(partitions)


def _ordered(file: "_File", spool: "_Spool", repeats: Repeats) -> Rows:
    placer = RowPlacer(file.size.n_tasks, spool.room)
    for task, _, _ in file.batches():
        placer.count(task)
    placer.begin(label_type(file.size.n_classes))
    for task, annotator, label in file.batches():
        placer.place(task, annotator, label)
    try:
        return placer.finish(repeats)
    except RepeatedLabel as found:
        raise ValueError(str(found)) from None
    finally:
        spool.drop("count", "next")


def _part(rows: Rows, first: int, last: int, room: Callable[[int, DTypeLike], Indices]) -> Rows:
    """Return the rows of some tasks, with offsets that begin at 0."""
    start, stop = int(rows.task_offsets[first]), int(rows.task_offsets[last])
    offsets = room(last - first + 1, offset_type(stop - start))
    offsets[:] = rows.task_offsets[first : last + 1] - start
    return Rows(offsets, rows.annotator[start:stop], rows.label[start:stop])


class _Spool:
    """A folder of files that are mapped into memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def room(self, name: str, length: int, dtype: DTypeLike) -> Indices:
        """Return an array in a file of that name."""
        # Nothing can be mapped from an empty file.
        return np.memmap(self._file(name), dtype, "w+", shape=max(length, 1))[:length]

    def drop(self, *names: str) -> None:
        """Delete files that are no longer needed."""
        for name in names:
            self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.bin"


class _File:
    """A Parquet file, read some rows at a time, as often as wanted."""

    def __init__(self, path: Path | str, columns: Columns, size: Extent) -> None:
        self._path, self._columns, self.size = path, columns, size
        check_columns(parquet.read_schema(path), columns)

    def batches(self) -> Iterator[tuple[Integers, Integers, Integers]]:
        """Return the three columns of some rows after another."""
        # Whole groups of rows are not kept: the pages come through a small buffer.
        with parquet.ParquetFile(self._path, buffer_size=2**20, pre_buffer=False) as file:
            first = 1
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=list(self._columns)):
                task, annotator, label = (
                    _checked(batch.column(name), name, count, first)
                    for name, count in zip(self._columns, self.size, strict=True)
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
