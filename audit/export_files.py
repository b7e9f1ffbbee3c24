"""The files of an export: JSON lines with their digests, in a folder or in one zip file."""

import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO, Protocol, TypeVar

from folkmoot.kernel.json_values import Json, JsonObject

__all__ = ["ExportFiles", "FolderSink", "Sink", "ZipSink", "in_groups", "zip_sink"]

AT_A_TIME = 500
One = TypeVar("One")


class Sink(Protocol):
    """Where the files of an export are written to, one after the other."""

    def file(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a new file for writing."""


class FolderSink:
    """Writes plain files into a folder that is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """Open a new file for writing."""
        with (self.folder / name).open("xb") as file:
            yield file


class ZipSink:
    """Writes the members of a zip file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """Open a new file for writing."""
        # Its size is not known yet, and may be beyond what a plain zip file holds.
        with self.archive.open(name, "w", force_zip64=True) as file:
            yield file


@contextmanager
def zip_sink(path: Path) -> Iterator[ZipSink]:
    """Write a new zip file."""
    with zipfile.ZipFile(path, "x", compression=zipfile.ZIP_DEFLATED) as archive:
        yield ZipSink(archive)


class ExportFiles:
    """Writes files line by line, and remembers the digest and length of each."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.written: JsonObject = {}

    def lines(self, name: str, objects: Iterable[JsonObject]) -> int:
        """Write one object a line; return how many there were."""
        n_lines = 0

        def encoded() -> Iterator[bytes]:
            nonlocal n_lines
            for n_lines, one in enumerate(objects, 1):  # noqa: B007  # counted for the outside
                yield _line(one)

        self._write(name, encoded())
        return n_lines

    def text(self, name: str, text: str) -> None:
        """Write a whole text."""
        self._write(name, [text.encode()])

    def value(self, name: str, value: Json) -> None:
        """Write one JSON value, in lines that people can read."""
        self.text(name, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def _write(self, name: str, chunks: Iterable[bytes]) -> None:
        running, n_bytes = sha256(), 0
        with self.sink.file(name) as file:
            for chunk in chunks:
                file.write(chunk)
                running.update(chunk)
                n_bytes += len(chunk)
        self.written[name] = {"sha256": running.hexdigest(), "bytes": n_bytes}


def in_groups(many: Iterator[One]) -> Iterator[list[One]]:
    """Return some at a time, so that what belongs to them is looked up in one statement."""
    return iter(lambda: list(islice(many, AT_A_TIME)), [])


def _line(value: JsonObject) -> bytes:
    # A text with half a surrogate pair has no UTF-8; escaped it stays what it is.
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return written.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"
