"""Read a file line by line, holding no more of it than one line may have."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from folkmoot.kernel.artifacts import CHUNK_BYTES

LONGEST_LINE_BYTES = 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line with its end: its number in the file, and the offset of the byte after it."""

    number: int
    content: bytes
    end: int
    is_too_long: bool = False

    @property
    def text(self) -> str:
        """Return the line as text; bytes that are not UTF-8 stay recognisable, to be refused."""
        content = self.content.removeprefix(BYTE_ORDER_MARK) if self.number == 1 else self.content
        return content.decode("utf-8", errors="surrogateescape")


def lines_of(stream: BinaryIO) -> Iterator[Line]:
    r"""Yield the lines of a file from its start; a line ends with \n, \r or both.

    Of a line that is longer than LONGEST_LINE_BYTES only its place in the file is told.
    """
    number = end = 0
    rest = b""
    while chunk := stream.read(CHUNK_BYTES):
        pieces = (rest + chunk).splitlines(keepends=True)
        # What ends in \r may go on with \n.
        rest = b"" if pieces[-1].endswith(b"\n") else pieces.pop()
        for number, piece in enumerate(pieces, start=number + 1):  # noqa: B020  # it counts on
            end += len(piece)
            yield Line(number, piece, end)
        if len(rest) > LONGEST_LINE_BYTES:
            skipped, beyond = _skip_line(stream)
            number, end, rest = number + 1, end + len(rest) + skipped, beyond
            yield Line(number, b"", end, is_too_long=True)
    if rest:
        yield Line(number + 1, rest, end + len(rest))


def _skip_line(stream: BinaryIO) -> tuple[int, bytes]:
    """Read to the end of a line; return how many bytes it still had, and what was read beyond."""
    skipped = 0
    while chunk := stream.read(CHUNK_BYTES):
        first = chunk.splitlines(keepends=True)[0]
        skipped += len(first)
        if first.endswith((b"\n", b"\r")):
            return skipped, chunk[len(first) :]
    return skipped, b""
