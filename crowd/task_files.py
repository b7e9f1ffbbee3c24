"""Read tasks from CSV, JSON Lines, JSON and Parquet; a broken row spoils no other."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import PurePath

from crowd.csv_records import csv_header, csv_records, has_rows
from crowd.task_rows import Record, RowProblem, TaskRow, checked
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json

_PARQUET_MARK = b"PAR1"
_NO_ROWS = "The file has no rows."
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def parse_rows(content: bytes, file_name: str) -> Iterator[TaskRow | RowProblem]:
    """Yield the tasks of a file, and a problem for each row that cannot be one.

    The ending of the name says the format. Columns: `external_id` (needed), `gold`, `priority`;
    all others are the payload. Raise InvalidInput where the whole file cannot be read.
    """
    return _at_least_one(checked(_READERS[_ending_of(file_name)](content)))


def check_start(content: bytes, file_name: str) -> None:
    """Refuse at once what cannot be a file of tasks; the rows are read later, by a job."""
    ending = _ending_of(file_name)
    if ending == "csv":
        _check_start_of_csv(text_of(content))
    elif ending == "parquet" and not content.startswith(_PARQUET_MARK):
        raise unreadable("This is not a Parquet file.")
    elif ending == "json" and not content.lstrip().startswith(b"["):
        raise unreadable("A JSON file of tasks is a list of objects.")
    elif not content.strip():
        raise unreadable("The file is empty.")


def text_of(content: bytes) -> str:
    """Decode a file; bytes that are not UTF-8 stay recognisable, to be refused row by row."""
    if content.startswith(_UTF_16_MARKS):
        raise unreadable("The file is UTF-16; save it as UTF-8.")
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="surrogateescape")


def unreadable(sentence: str) -> InvalidInput:
    """Return the refusal of a whole file."""
    return InvalidInput(sentence, fields=[FieldProblem("/file", sentence)])


def _check_start_of_csv(text: str) -> None:
    csv_header(text)
    if not has_rows(text):
        raise unreadable(_NO_ROWS)


def _at_least_one(rows: Iterator[TaskRow | RowProblem]) -> Iterator[TaskRow | RowProblem]:
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


def _from_csv(content: bytes) -> Iterator[Record | RowProblem]:
    return csv_records(text_of(content))


def _from_json_lines(content: bytes) -> Iterator[Record | RowProblem]:
    for number, line in enumerate(io.StringIO(text_of(content), newline="\n"), start=1):
        if not line.strip():
            continue
        try:
            yield Record(number, _json_value(line))
        except (ValueError, RecursionError) as error:
            yield RowProblem(number, f"The line is not JSON: {error}.")


def _from_json(content: bytes) -> Iterator[Record | RowProblem]:
    try:
        rows = _json_value(text_of(content))
    except (ValueError, RecursionError) as error:
        raise unreadable(f"The file is not JSON: {error}.") from error
    if not isinstance(rows, list):
        raise unreadable("A JSON file of tasks is a list of objects.")
    for number, row in enumerate(rows, start=1):
        yield Record(number, row)


def _from_parquet(content: bytes) -> Iterator[Record | RowProblem]:
    # Only the job that imports needs Arrow, which takes a while to load.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        table = parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise unreadable("This Parquet file cannot be read.") from error
    number = 0
    for batch in table.to_batches(max_chunksize=1000):
        for row in batch.to_pylist():
            number += 1
            yield _parquet_record(number, row)


def _parquet_record(number: int, row: dict[str, object]) -> Record | RowProblem:
    present = {name: cell for name, cell in row.items() if cell is not None}
    try:
        # Dates, times and decimals are written as text; bytes have no place in a payload.
        return Record(number, _json_value(json.dumps(present, default=_as_text)))
    except (TypeError, ValueError) as error:
        return RowProblem(number, f"The row holds what JSON cannot carry: {error}.")


def _as_text(cell: object) -> str:
    if isinstance(cell, bytes):
        raise TypeError("bytes")
    return str(cell)


def _json_value(text: str) -> Json:
    value: Json = json.loads(text, parse_constant=_refuse_constant)
    return value


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON number")


_READERS: dict[str, Callable[[bytes], Iterator[Record | RowProblem]]] = {
    "csv": _from_csv,
    "jsonl": _from_json_lines,
    "json": _from_json,
    "parquet": _from_parquet,
}
