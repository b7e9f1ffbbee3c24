"""A data set as files: Parquet, CSV and JSON Lines. The same rows always make the same bytes.

The CSV is for people, who open it in a spreadsheet: a quote stands before text that would be run
as a formula. Parquet and JSON Lines are for programs, and hold every value as it is.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crowd.spreadsheets import safe_cell
from folkmoot.kernel.json_values import Json, JsonObject

OWN_COLUMNS = (
    "external_id",
    "origin",
    "answer",
    "confidence",
    "n_labels",
    "posterior",
    # The 95 % limits of a number; no columns where no answer has any.
    "answer_low",
    "answer_high",
)

Column: TypeAlias = list[Json]


@dataclass(frozen=True)
class DataSetRow:
    """One case with its consensus."""

    external_id: str
    origin: str
    answer: Json
    confidence: float
    n_labels: int
    posterior: tuple[float, ...]
    payload: JsonObject
    low: float | None = None
    high: float | None = None


def files_of(rows: Sequence[DataSetRow]) -> dict[str, bytes]:
    """Return the bytes of each format, the rows in the order given."""
    columns = columns_of(rows)
    return {name: write(columns, len(rows)) for name, write in _WRITERS.items()}


def columns_of(rows: Sequence[DataSetRow]) -> dict[str, Column]:
    """Return the table by columns: our own first, then the payload's in alphabetical order.

    A payload column that has the name of one of ours is called `payload.NAME`.
    """
    columns: dict[str, Column] = {
        "external_id": [row.external_id for row in rows],
        "origin": [row.origin for row in rows],
        "answer": [row.answer for row in rows],
        "confidence": [row.confidence for row in rows],
        "n_labels": [row.n_labels for row in rows],
        "posterior": [list(row.posterior) for row in rows],
    }
    if any(row.low is not None for row in rows):
        columns["answer_low"] = [row.low for row in rows]
        columns["answer_high"] = [row.high for row in rows]
    for name in sorted({name for row in rows for name in row.payload}):
        shown = f"payload.{name}" if name in OWN_COLUMNS else name
        columns[shown] = [row.payload.get(name) for row in rows]
    return columns


def _json_lines(columns: Mapping[str, Column], n_rows: int) -> bytes:
    lines = (
        json.dumps({name: column[index] for name, column in columns.items()}, allow_nan=False)
        for index in range(n_rows)
    )
    # Nothing but ASCII: no character can be taken for the end of a line.
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _csv(columns: Mapping[str, Column], n_rows: int) -> bytes:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([safe_cell(name) for name in columns])
    for index in range(n_rows):
        writer.writerow([_cell(column[index]) for column in columns.values()])
    return written.getvalue().encode()


def _cell(value: Json) -> str:
    if value is None:
        return ""
    # Of what is no text, only a number begins with a sign, and that is no formula.
    return safe_cell(value) if isinstance(value, str) else json.dumps(value)


def _parquet(columns: Mapping[str, Column], _n_rows: int) -> bytes:
    # Only the job that exports needs Arrow, which takes a while to load.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {
        "text": pa.string(),
        "truth": pa.bool_(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "numbers": pa.list_(pa.float64()),
    }
    typed = {name: _typed(name, column) for name, column in columns.items()}
    arrays = {name: pa.array(values, type=kinds[kind]) for name, (kind, values) in typed.items()}
    sink = io.BytesIO()
    parquet.write_table(pa.table(arrays), sink, compression="zstd")
    return sink.getvalue()


def _typed(name: str, column: Column) -> tuple[str, Column]:
    """Choose one type for a column; what has no common type is written as JSON text."""
    if name == "posterior":
        return "numbers", column
    present = [value for value in column if value is not None]
    if all(isinstance(value, str) for value in present):
        return "text", column
    if all(isinstance(value, bool) for value in present):
        return "truth", column
    if all(_is_whole(value) for value in present):
        return "whole", column
    if all(isinstance(value, float) or _is_whole(value) for value in present):
        return "number", column
    return "text", [None if value is None else json.dumps(value) for value in column]


def _is_whole(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


_WRITERS: dict[str, Callable[[Mapping[str, Column], int], bytes]] = {
    "parquet": _parquet,
    "csv": _csv,
    "jsonl": _json_lines,
}
