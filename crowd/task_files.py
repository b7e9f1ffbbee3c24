"""Read tasks from CSV, JSON Lines, JSON and Parquet; a broken row spoils no other.

A file of any size is read in constant memory, and may be read on from where an earlier run ended.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from crowd.csv_records import csv_header, csv_records, has_rows
from crowd.json_lists import elements_of
from crowd.line_reading import BYTE_ORDER_MARK, LONGEST_LINE_BYTES, lines_of
from crowd.task_rows import ReadRow, Record, RowProblem, checked
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

_PARQUET_MARK = b"PAR1"
_NO_ROWS = "The file has no rows."
_NO_LIST = "A JSON file of tasks is a list of objects."
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ARROW_ROWS = 500

_Records: TypeAlias = Iterator[Record | RowProblem]


@dataclass(frozen=True)
class Position:
    """How far a file was read: rows, and the offset of the byte after them."""

    rows: int = 0
    n_bytes: int = 0


def parse_rows(
    stream: BinaryIO, file_name: str, *, after: Position | None = None
) -> Iterator[ReadRow]:
    """Yield the tasks of a file, and a problem for each row that cannot be one.

    The ending of the name says the format. Columns: `external_id` (needed) and the others of
    OWN_COLUMNS; all the rest are the payload. Raise InvalidInput where the file cannot be read
    on; what was yielded before holds.
    """
    start = after or Position()
    check_start(stream, file_name)
    stream.seek(0)
    rows = checked(_READERS[_ending_of(file_name)](stream, start))
    return rows if start.rows else _at_least_one(rows)


def check_start(stream: BinaryIO, file_name: str) -> None:
    """Refuse at once what cannot be a file of tasks; the rows are read later, by a job."""
    ending = _ending_of(file_name)
    start = stream.read(LONGEST_LINE_BYTES)
    stream.seek(0)
    if ending == "parquet":
        _require(start.startswith(_PARQUET_MARK), "This is not a Parquet file.")
        return
    _require(not start.startswith(_UTF_16_MARKS), "The file is UTF-16; save it as UTF-8.")
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    if ending == "csv":
        _check_start_of_csv(stream)
    elif ending == "json":
        _require(text.startswith(b"["), _NO_LIST)
    else:
        _require(bool(text), "The file is empty.")


def unreadable(sentence: str) -> InvalidInput:
    """Return the refusal of a whole file."""
    return InvalidInput(sentence, fields=[FieldProblem("/file", sentence)])


def _require(is_right: bool, sentence: str) -> None:
    if not is_right:
        raise unreadable(sentence)


def _check_start_of_csv(stream: BinaryIO) -> None:
    csv_header(stream)
    stream.seek(0)
    _require(has_rows(stream), _NO_ROWS)


def _at_least_one(rows: Iterator[ReadRow]) -> Iterator[ReadRow]:
    first = next(rows, None)
    if first is None:
        raise unreadable(_NO_ROWS)
    yield first
    yield from rows


def _ending_of(file_name: str) -> str:
    ending = PurePath(file_name).suffix.lower().removeprefix(".")
    if ending not in _READERS:
        raise unreadable(f"The file's name must end in one of: {', '.join(_READERS)}.")
    return ending


def _from_csv(stream: BinaryIO, after: Position) -> _Records:
    return csv_records(stream, after=after.n_bytes)


def _from_json_lines(stream: BinaryIO, after: Position) -> _Records:
    for line in lines_of(stream):
        if line.end <= after.n_bytes or not (line.is_too_long or line.content.strip()):
            continue
        try:
            _require_length(is_too_long=line.is_too_long)
            yield Record(line.number, _json_value(line.text), line.end)
        except (ValueError, RecursionError) as error:
            yield RowProblem(line.number, f"The line is not JSON: {error}.", end=line.end)


def _require_length(*, is_too_long: bool) -> None:
    if is_too_long:
        raise ValueError(f"it is longer than {LONGEST_LINE_BYTES // 2**20} MiB")


def _from_json(stream: BinaryIO, after: Position) -> _Records:
    number = after.rows
    try:
        for number, element in enumerate(  # noqa: B020  # it counts on
            elements_of(stream, after=after.n_bytes), start=number + 1
        ):
            yield Record(number, element.value, element.end)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"After row {number} the file is not JSON: {error}.") from error


def _from_parquet(stream: BinaryIO, after: Position) -> _Records:
    # Only the job that imports needs Arrow, which takes a while to load.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        # Without the buffer Arrow would hold a whole group of rows, which may be the whole file.
        file = parquet.ParquetFile(stream, pre_buffer=False, buffer_size=2**20)
        total = max(1, file.metadata.num_rows)
        n_bytes = stream.seek(0, 2)
        number, groups = _groups_after(file.metadata, after.rows)
        for batch in file.iter_batches(_ARROW_ROWS, row_groups=groups, use_threads=False):
            for row in batch.to_pylist():
                number += 1
                if number > after.rows:
                    yield _parquet_record(number, row, n_bytes * number // total)
    except (pa.ArrowException, OSError) as error:
        raise unreadable("This Parquet file cannot be read.") from error


def _groups_after(metadata: "FileMetaData", rows: int) -> tuple[int, list[int]]:
    """Return the groups of rows that are not wholly done, and how many rows stand before them."""
    before = 0
    for group in range(metadata.num_row_groups):
        n_rows = metadata.row_group(group).num_rows
        if before + n_rows > rows:
            return before, list(range(group, metadata.num_row_groups))
        before += n_rows
    return before, []


def _parquet_record(number: int, row: dict[str, object], end: int) -> Record | RowProblem:
    present = {name: cell for name, cell in row.items() if cell is not None}
    try:
        # Dates, times and decimals are written as text; bytes have no place in a payload.
        return Record(number, _json_value(json.dumps(present, default=_as_text)), end)
    except (TypeError, ValueError) as error:
        reason = f"The row holds what JSON cannot carry: {error}."
        return RowProblem(number, reason, end=end)


def _as_text(cell: object) -> str:
    if isinstance(cell, bytes):
        raise TypeError("bytes")
    return str(cell)


def _json_value(text: str) -> Json:
    value: Json = json.loads(text, parse_constant=_refuse_constant)
    return value


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON number")


_READERS: dict[str, Callable[[BinaryIO, Position], _Records]] = {
    "csv": _from_csv,
    "jsonl": _from_json_lines,
    "json": _from_json,
    "parquet": _from_parquet,
}
