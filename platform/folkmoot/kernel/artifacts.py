"""Files that are named by what is in them: models and exported data sets."""

import hashlib
import os
import tempfile
from pathlib import Path

from folkmoot.kernel.errors import NotFound


class ArtifactStore:
    """A folder of files named by their SHA-256; on several machines it lies on a shared disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their digest, 64 hexadecimal digits."""
        digest = hashlib.sha256(content).hexdigest()
        target = self._path(digest)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            self._write_whole(target, content)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest, or refuse if they are missing or altered."""
        path = self._path(digest)
        if not path.is_file():
            raise NotFound(f"The file {digest[:12]}… is no longer in the store.")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise NotFound(f"The file {digest[:12]}… was altered and is not handed out.")
        return content

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    @staticmethod
    def _write_whole(target: Path, content: bytes) -> None:
        # Readers see the whole file or none: it is renamed into place once it is on the disk.
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial:
            partial.write(content)
            partial.flush()
            os.fsync(partial.fileno())
        Path(partial.name).replace(target)
