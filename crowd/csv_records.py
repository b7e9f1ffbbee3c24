"""Read CSV so that a broken row is reported by its line, and the rows after it are still read.

A column of nothing but numbers becomes numbers, which is known only at the file's end: so the file
is read twice, and no more of it than one row is ever held.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from crowd.line_reading import LONGEST_LINE_BYTES, Line, lines_of
from crowd.task_rows import OWN_COLUMNS, Record, RowProblem
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json

# Up to fifteen digits a number means the same in every language that reads JSON.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_TOO_LONG = f"The row is longer than {LONGEST_LINE_BYTES // 2**20} MiB."

# What is told of a header that cannot be used.
MOST_COLUMNS_NAMED, LONGEST_COLUMNS_NAMED = 20, 300
OTHER_SEPARATORS = {";": "A semicolon", "\t": "A tab", "|": "A vertical bar"}

# The line that a row begins on, its cells, and the offset after it.
_Cells = tuple[int, list[str], int]


class _Feed:
    """Hands lines to a CSV reader, and takes back those that a broken row took in."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines_of(stream)
        self._returned: deque[Line] = deque()
        self._taken: list[Line] = []
        self._n_bytes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._n_bytes > LONGEST_LINE_BYTES:
            raise StopIteration
        line = self._returned.popleft() if self._returned else next(self._lines)
        self._taken.append(line)
        self._n_bytes += len(line.content)
        if line.is_too_long:
            self._n_bytes = LONGEST_LINE_BYTES + 1
            raise StopIteration
        return line.text

    @property
    def is_overfull(self) -> bool:
        """Say whether the present row is longer than any row may be."""
        return self._n_bytes > LONGEST_LINE_BYTES

    @property
    def first(self) -> Line | None:
        """Return the line on which the present row begins; None at the end of the file."""
        return self._taken[0] if self._taken else None

    @property
    def end(self) -> int:
        """Return the offset after the present row."""
        return self._taken[-1].end if self._taken else 0

    def begin_row(self) -> None:
        """Go on to the next row."""
        self._taken.clear()
        self._n_bytes = 0

    def give_back_all_but_first(self) -> None:
        """Have the lines of a broken row read again, but for its first."""
        self._returned.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def skip_to(self, offset: int) -> None:
        """Pass over the lines before the end of an earlier row, counting them."""
        if offset:
            next((line for line in self._lines if line.end >= offset), None)


def csv_header(stream: BinaryIO) -> list[str]:
    """Return the names of the columns, or raise InvalidInput where they cannot be used."""
    return _header(_Feed(stream))


def has_rows(stream: BinaryIO) -> bool:
    """Say whether anything stands below the header of a CSV file whose header can be read."""
    feed = _Feed(stream)
    _header(feed)
    return any(line.strip("\r\n") for line in feed) or feed.is_overfull


def csv_records(stream: BinaryIO, *, after: int = 0) -> Iterator[Record | RowProblem]:
    """Yield the rows of a CSV file that begin at or after an offset."""
    numeric = _numeric_columns(stream)
    stream.seek(0)
    feed = _Feed(stream)
    header = _header(feed)
    feed.skip_to(after)
    for row in _rows(feed, len(header)):
        yield row if isinstance(row, RowProblem) else _record(row, header, numeric)


def _header(feed: _Feed) -> list[str]:
    header = [name.strip() for name in _first_cells(feed)]
    if "external_id" not in header:
        raise _unreadable(_without_id(header))
    for sentence, is_wrong in (
        ("Two columns of the file have the same name.", len(set(header)) < len(header)),
        ("A column of the file has no name.", "" in header),
    ):
        if is_wrong:
            raise _unreadable(sentence)
    feed.begin_row()
    return header


def _without_id(header: Sequence[str]) -> str:
    """Say which columns there are instead, and whether another separator was meant."""
    sentence = "The file has no column named external_id."
    found = ", ".join(filter(None, header[:MOST_COLUMNS_NAMED]))[:LONGEST_COLUMNS_NAMED]
    if not found:
        return sentence
    for separator, name in OTHER_SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            return f"{sentence} {name} seems to separate its columns; use commas: {found}"
    return f"{sentence} It has: {found}"


def _first_cells(feed: _Feed) -> list[str]:
    # Strict, for a quotation mark that is never closed would make one long header of the file.
    try:
        return next(csv.reader(feed, strict=True), [])
    except csv.Error as error:
        raise _unreadable(f"The file's first line is not CSV: {error}.") from error


def _unreadable(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields=[FieldProblem("/file", sentence)])


def _numeric_columns(stream: BinaryIO) -> frozenset[str]:
    """Return the columns that hold numbers in every row, empty cells aside."""
    stream.seek(0)
    feed = _Feed(stream)
    header = _header(feed)
    possible = {index for index, name in enumerate(header) if name not in OWN_COLUMNS}
    filled: set[int] = set()
    for row in _rows(feed, len(header)):
        if isinstance(row, RowProblem):
            continue
        for index in tuple(possible):
            if cell := row[1][index]:
                filled.add(index)
                if not _NUMBER.fullmatch(cell):
                    possible.discard(index)
        if not possible:
            break
    return frozenset(header[index] for index in possible & filled)


def _record(row: _Cells, header: Sequence[str], numeric: frozenset[str]) -> Record:
    line, cells, end = row
    values: dict[str, Json] = {
        name: _number(cell) if name in numeric else cell
        for name, cell in zip(header, cells, strict=True)
        if cell != ""
    }
    return Record(line, values, end)


def _rows(feed: _Feed, width: int) -> Iterator[_Cells | RowProblem]:
    """Yield rows of the right width; after a broken one go on at the very next line.

    A quotation mark that is never closed would otherwise swallow the rest of the file.
    """
    reader = csv.reader(feed, strict=True)
    while True:
        feed.begin_row()
        try:
            cells = next(reader, None)
            reason = (
                None if cells is None or len(cells) in (0, width) else _wrong_width(cells, width)
            )
        except csv.Error as error:
            cells, reason = None, f"The row is not CSV: {error}."
        if feed.first is None:
            return
        if cells and reason is None:
            yield feed.first.number, cells, feed.end
        elif reason is not None or feed.is_overfull:
            yield _broken(feed, reason)
            reader = csv.reader(feed, strict=True)


def _broken(feed: _Feed, reason: str | None) -> RowProblem:
    said = _TOO_LONG if feed.is_overfull else reason or ""
    feed.give_back_all_but_first()
    return RowProblem(feed.first.number if feed.first else 0, said, end=feed.end)


def _wrong_width(cells: Sequence[str] | None, width: int) -> str | None:
    if cells is None or len(cells) in (0, width):
        return None
    return f"The row has {len(cells)} cells; the header has {width}."


def _number(cell: str) -> int | float:
    return int(cell) if cell.lstrip("-").isdecimal() else float(cell)
