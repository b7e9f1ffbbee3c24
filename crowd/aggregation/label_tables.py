"""Read labels from tables with the columns `task`, `worker` and `label`.

A table is anything that hands out an Arrow stream: pandas, Polars and Arrow tables do. Every
column is read as text, whole numbers included, and the names of tasks, annotators and classes are
in the order of that text. So the same labels make the same matrix from any of the formats. Text
becomes indices inside Arrow, by dictionary encoding, and never a Python string per label.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, csv, parquet

from crowd.aggregation.names import ArrowNames, Names
from crowd.aggregation.row_order import Indices, label_type


class Columns(NamedTuple):
    """Name the columns of a table."""

    task: str = "task"
    annotator: str = "worker"
    label: str = "label"


def columns_named(text: str) -> Columns:
    """Return the columns that a text names, such as "task,worker,label", in this order.

    Raise ValueError for another number of them, or one that is named twice.
    """
    names = [name.strip() for name in text.split(",")]
    if len(names) != len(Columns._fields) or len({*names, ""}) <= len(names):
        raise ValueError("Name three columns, of the task, the annotator and the label: a,b,c.")
    return Columns(*names)


class Table(Protocol):
    """A table of pandas, Polars, Arrow, or any other that hands out an Arrow stream."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the stream."""


# A text in quotes may go on in the next line, wherever Arrow cuts the file into blocks.
PARSING = csv.ParseOptions(newlines_in_values=True)

Read: TypeAlias = tuple[
    NDArray[np.int32], NDArray[np.int32], Indices, Names, Names, tuple[str, ...]
]


def read_table(table: Table, classes: Sequence[str] | None, columns: Columns | None) -> Read:
    """Return tasks, annotators and classes as indices, and the names of each.

    classes: names of the classes in their order; all labels that occur, unless given.
    Raise ValueError that says which row or column when a column or value is missing, a column
    is neither text nor whole numbers, a label is none of `classes`, or there are no labels.
    """
    wanted = columns or Columns()
    reader = pa.RecordBatchReader.from_stream(table)
    check_columns(reader.schema, wanted)
    return _indexed(reader.read_all().select(wanted), classes, wanted)


def read_csv(path: Path | str, classes: Sequence[str] | None, columns: Columns | None) -> Read:
    """Return what `read_table` does, from a CSV file whose first line names the columns."""
    wanted = columns or Columns()
    # Not as dictionaries: each block would have its own, and joining them costs more.
    options = csv.ConvertOptions(
        column_types=dict.fromkeys(wanted, pa.string()),
        include_columns=wanted,
        null_values=[""],
        strings_can_be_null=True,
    )
    with csv.open_csv(path, parse_options=PARSING) as file:
        check_columns(file.schema, wanted)
    return _indexed(
        csv.read_csv(path, convert_options=options, parse_options=PARSING), classes, wanted
    )


def read_parquet(path: Path | str, classes: Sequence[str] | None, columns: Columns | None) -> Read:
    """Return what `read_table` does, from a Parquet file."""
    wanted = columns or Columns()
    check_columns(parquet.read_schema(path), wanted)
    with parquet.ParquetFile(path, read_dictionary=list(wanted)) as file:
        return _indexed(file.read(columns=list(wanted)), classes, wanted)


def check_columns(schema: pa.Schema, wanted: Sequence[str]) -> None:
    """Raise ValueError that names the first column which is missing, or there more than once."""
    for name in wanted:
        if name not in schema.names:
            found = ", ".join(map(repr, schema.names))
            raise ValueError(f"There is no column {name!r}; the columns are: {found}.")
        if schema.names.count(name) > 1:
            raise ValueError(f"There is more than one column {name!r}.")


def _indexed(table: pa.Table, classes: Sequence[str] | None, columns: Columns) -> Read:
    if table.num_rows == 0:
        raise ValueError("There are no labels.")
    task, task_names = _encoded(table, columns.task)
    annotator, annotator_names = _encoded(table, columns.annotator)
    label, found = _encoded(table, columns.label)
    if classes is None:
        label = label.astype(label_type(len(found)))
        return task, annotator, label, task_names, annotator_names, tuple(found)
    places = _places(found, classes, label)
    return task, annotator, places[label], task_names, annotator_names, tuple(classes)


def _encoded(table: pa.Table, name: str) -> tuple[NDArray[np.int32], ArrowNames]:
    """Return the index of each row's name, and the names that occur, in order."""
    column = table.column(name)
    if not (_is_text(column.type) or pa.types.is_integer(_value_type(column.type))):
        raise ValueError(f"The column {name!r} holds {column.type}, not text or whole numbers.")
    if column.null_count:
        raise ValueError(f"Row {_first(compute.is_null(column)) + 1} has no {name!r}.")
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    else:  # Its chunks share one dictionary.
        column = column.dictionary_encode()
    index = np.concatenate(
        [chunk.indices.to_numpy().astype(np.int32, copy=False) for chunk in column.chunks]
    )
    values = column.chunk(0).dictionary.cast(pa.large_string())
    return ranked(index, values, name)


def ranked(
    index: NDArray[np.int32], values: pa.LargeStringArray, name: str
) -> tuple[NDArray[np.int32], ArrowNames]:
    """Renumber names by their order, leaving out those that do not occur."""
    occurs = np.zeros(len(values), dtype=np.bool_)
    occurs[index] = True
    order = compute.array_sort_indices(values).to_numpy()
    order = order[occurs[order]]
    rank = np.zeros(len(values), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    names = values.take(pa.array(order))
    if names[0].as_py() == "":
        raise ValueError(f"Row {int(np.argmax(rank[index] == 0)) + 1} has no {name!r}.")
    return rank[index], ArrowNames(names)


def _places(found: Names, classes: Sequence[str], label: NDArray[np.int32]) -> Indices:
    """Return the place among `classes` of every class that was found."""
    places = {name: place for place, name in enumerate(classes)}
    for index, name in enumerate(found):
        if name not in places:
            row = int(np.argmax(label == index)) + 1
            raise ValueError(
                f"The label {name!r} of row {row} is none of the classes: {', '.join(classes)}."
            )
    return np.array([places[name] for name in found], dtype=label_type(len(classes)))


def _is_text(kind: pa.DataType) -> bool:
    kind = _value_type(kind)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _first(marks: pa.ChunkedArray) -> int:
    return int(compute.index(marks, pa.scalar(True)).as_py())
