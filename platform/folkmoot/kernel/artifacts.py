"""Files that are named by what is in them: models, exported data sets, files of tasks."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from folkmoot.kernel.errors import NotFound, Unavailable

CHUNK_BYTES = 256 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class ReceivedFile:
    """A file that has arrived whole. It vanishes with its `receive` block unless it is kept."""

    path: Path
    digest: str
    n_bytes: int
    _target: Path

    def open(self) -> BinaryIO:
        """Open the file for reading."""
        return self.path.open("rb")

    def keep(self) -> str:
        """Take the file into the store and return its digest."""
        if not self._target.exists():
            self._target.parent.mkdir(parents=True, exist_ok=True)
            # Readers see the whole file or none: it is renamed into place once it is on the disk.
            self.path.replace(self._target)
        return self.digest


class ArtifactStore:
    """A folder of files named by their SHA-256; on several machines it lies on a shared disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their digest, 64 hexadecimal digits."""
        with self.receive([content]) as received:
            return received.keep()

    @contextmanager
    def receive(self, chunks: Iterable[bytes]) -> Iterator[ReceivedFile]:
        """Write chunks to the store's disk; what is not kept within the block is removed.

        Memory holds one chunk at a time. Raise Unavailable where the disk is full.
        """
        arriving = self.folder / "arriving"
        arriving.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=arriving, delete=False) as partial:
            path = Path(partial.name)
        try:
            yield self._written(path, chunks)
        finally:
            path.unlink(missing_ok=True)

    def forget(self, digest: str) -> None:
        """Delete the file of a digest, if it is there: somebody in it was erased."""
        self._path(digest).unlink(missing_ok=True)

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest, or refuse if they are missing or altered."""
        with self.open(digest) as content:
            return content.read()

    def path_of(self, digest: str) -> Path:
        """Return where the file of a digest lies, or refuse if it is missing or altered."""
        with self.open(digest):
            return self._path(digest)

    def open(self, digest: str) -> BinaryIO:
        """Open the file of a digest for reading, or refuse if it is missing or altered."""
        path = self._path(digest)
        if not path.is_file():
            raise NotFound(f"The file {digest[:12]}… is no longer in the store.")
        content = path.open("rb")
        if hashlib.file_digest(content, "sha256").hexdigest() != digest:
            content.close()
            raise NotFound(f"The file {digest[:12]}… was altered and is not handed out.")
        content.seek(0)
        return content

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def _written(self, path: Path, chunks: Iterable[bytes]) -> ReceivedFile:
        running, n_bytes = hashlib.sha256(), 0
        with _full_disk_refused(), path.open("wb") as partial:
            for chunk in chunks:
                partial.write(chunk)
                running.update(chunk)
                n_bytes += len(chunk)
            partial.flush()
            os.fsync(partial.fileno())
        digest = running.hexdigest()
        return ReceivedFile(path, digest, n_bytes, self._path(digest))


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what a stream holds, piece by piece."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


@contextmanager
def _full_disk_refused() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise Unavailable(
            "The disk of the file store is full, so nothing was kept. Try again later."
        ) from error
