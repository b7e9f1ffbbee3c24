"""Read the elements of one JSON list, holding no more of the file than one element may have."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from crowd.line_reading import BYTE_ORDER_MARK, LONGEST_LINE_BYTES
from folkmoot.kernel.artifacts import CHUNK_BYTES
from folkmoot.kernel.json_values import Json

_BLANK = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


class Element(NamedTuple):
    """One element of the list, and the offset in the file after it."""

    value: Json
    end: int


def elements_of(stream: BinaryIO, *, after: int = 0) -> Iterator[Element]:
    """Yield the elements of a list, from an offset that an element ended at, or from its start.

    Raise ValueError where the text is no JSON list, or an element is longer than
    LONGEST_LINE_BYTES; what stands behind it cannot be found then.
    """
    window = _Window(stream, after)
    if not after:
        window.expect("[")
    is_first = not after
    while window.next_character() != "]":
        if not is_first:
            window.expect(",")
        is_first = False
        yield Element(window.take_value(), window.offset)
    window.expect("]")
    if window.next_character():
        raise ValueError("something stands behind the list")


class _Window:
    """The part of the text that is looked at: what was taken is dropped, more is read at need."""

    def __init__(self, stream: BinaryIO, after: int) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
        self._text, self._at = "", 0
        self.offset = after
        stream.seek(after)
        if not after and stream.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK:
            self.offset = len(BYTE_ORDER_MARK)
        stream.seek(self.offset)

    def next_character(self) -> str:
        """Return the next character that is not blank; empty at the end of the file."""
        while True:
            self._take(_blank_end(self._text, self._at))
            if self._at < len(self._text) or not self._read_on():
                return self._text[self._at : self._at + 1]

    def expect(self, character: str) -> None:
        """Take one character, or raise ValueError where another stands."""
        found = self.next_character()
        if found != character:
            raise ValueError(f"{character!r} is expected, and there is {found!r}")
        self._take(self._at + 1)

    def take_value(self) -> Json:
        """Take the next value, which is whole when something stands behind it."""
        self.next_character()
        while True:
            try:
                value: Json
                value, end = _decode(self._text, self._at)
            except json.JSONDecodeError:
                if len(self._text) - self._at > LONGEST_LINE_BYTES or not self._read_on():
                    raise
                continue
            if end < len(self._text) or not self._read_on():
                self._take(end)
                return value

    def _take(self, end: int) -> None:
        self.offset += len(self._text[self._at : end].encode("utf-8", "surrogateescape"))
        self._at = end

    def _read_on(self) -> bool:
        # Twice what there is, so that a long value is not begun anew for every chunk.
        chunk = self._stream.read(max(CHUNK_BYTES, len(self._text) - self._at))
        self._text = self._text[self._at :] + self._decoder.decode(chunk, final=not chunk)
        self._at = 0
        return bool(chunk)


def _blank_end(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    return found.end() if found else start
