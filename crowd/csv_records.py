"""Read CSV so that a broken row is reported by its line, and the rows after it are still read."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from crowd.task_rows import Record, RowProblem
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json

# Up to fifteen digits a number means the same in every language that reads JSON.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_TEXT_COLUMNS = frozenset({"external_id", "gold", "priority"})

_Cells = tuple[int, list[str]]


def csv_header(text: str) -> list[str]:
    """Return the names of the columns, or raise InvalidInput where they cannot be used."""
    header = [name.strip() for name in _first_cells(text)]
    for sentence, is_wrong in (
        ("The file has no column named external_id.", "external_id" not in header),
        ("Two columns of the file have the same name.", len(set(header)) < len(header)),
        ("A column of the file has no name.", "" in header),
    ):
        if is_wrong:
            raise _unreadable(sentence)
    return header


def has_rows(text: str) -> bool:
    """Say whether anything stands below the header of a CSV file whose header can be read."""
    lines = list(io.StringIO(text, newline=""))
    return any(line.strip("\r\n") for line in _lines_from(lines, _header_height(lines)))


def csv_records(text: str) -> Iterator[Record | RowProblem]:
    """Yield the rows of a CSV file. A column of nothing but numbers becomes numbers."""
    header = csv_header(text)
    rows = list(_rows(text, len(header)))
    whole = [row[1] for row in rows if not isinstance(row, RowProblem)]
    numeric = {
        name
        for index, name in enumerate(header)
        if name not in _TEXT_COLUMNS and _all_numbers([cells[index] for cells in whole])
    }
    for row in rows:
        yield row if isinstance(row, RowProblem) else _record(row, header, numeric)


def _first_cells(text: str) -> list[str]:
    # Strict, for a quotation mark that is never closed would make one long header of the file.
    try:
        return next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except csv.Error as error:
        raise _unreadable(f"The file's first line is not CSV: {error}.") from error


def _unreadable(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields=[FieldProblem("/file", sentence)])


def _record(row: _Cells, header: Sequence[str], numeric: set[str]) -> Record:
    line, cells = row
    filled = {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
    values: dict[str, Json] = {
        name: _number(cell) if name in numeric else cell for name, cell in filled.items()
    }
    return Record(line, values)


def _rows(text: str, width: int) -> Iterator[_Cells | RowProblem]:
    """Yield rows of the right width; after a broken one go on at the very next line.

    A quotation mark that is never closed would otherwise swallow the rest of the file.
    """
    lines = list(io.StringIO(text, newline=""))
    start = _header_height(lines)
    reader = csv.reader(_lines_from(lines, start), strict=True)
    while True:
        line = start + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = RowProblem(line, f"The row is not CSV: {error}.")
        else:
            if len(cells) in (0, width):
                if cells:
                    yield line, cells
                continue
            problem = RowProblem(line, f"The row has {len(cells)} cells; the header has {width}.")
        yield problem
        start = line
        reader = csv.reader(_lines_from(lines, start), strict=True)


def _lines_from(lines: Sequence[str], start: int) -> Iterator[str]:
    return (lines[index] for index in range(start, len(lines)))


def _header_height(lines: Sequence[str]) -> int:
    reader = csv.reader(lines)
    next(reader)
    return reader.line_num


def _all_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell != ""]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)


def _number(cell: str) -> int | float:
    return int(cell) if cell.lstrip("-").isdecimal() else float(cell)
