"""What a backup says of itself: its files with their digests, and where the log stood."""

import json
import os
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path

from folkmoot.kernel.errors import ConfigurationError

__all__ = ["ARTIFACTS", "MANIFEST", "LogStand", "Manifest", "artifact_files", "digest_of_file"]

FORMAT, VERSION = "folkmoot-backup", 1
MANIFEST, ARTIFACTS = "manifest.json", "artifacts"


@dataclass(frozen=True)
class LogStand:
    """Where the log stood: its name, its signed size, and the signed note of it."""

    origin: str
    size: int
    checkpoint: str


@dataclass(frozen=True)
class Manifest:
    """What a whole backup is."""

    software: str
    made_at: str
    database: str
    revision: str
    log: LogStand
    database_file: str
    database_sha256: str
    n_artifacts: int
    artifacts_sha256: str

    def write(self, folder: Path) -> None:
        """Write it as the last of a backup's files."""
        told = {"format": FORMAT, "version": VERSION, **asdict(self)}
        with (folder / MANIFEST).open("x", encoding="utf-8") as file:
            file.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read it, or refuse what is no whole backup of this form."""
        try:
            told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            form = told.pop("format"), told.pop("version")
            log = LogStand(**told.pop("log"))
            manifest = cls(log=log, **told)
        except OSError as error:
            why = f"{MANIFEST} cannot be read: {error.strerror}"
            raise ConfigurationError(f"{folder} is no whole backup: {why}.") from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{folder} is no whole backup: {error}.") from error
        if form != (FORMAT, VERSION):
            raise ConfigurationError(f"{folder} is a backup of another form, {form}.")
        return manifest

    def check(self, folder: Path) -> None:
        """Refuse a backup of which a byte is not what was written."""
        if digest_of_file(folder / self.database_file) != self.database_sha256:
            raise ConfigurationError(f"{folder / self.database_file} was damaged or altered.")
        names = sha256()
        for file in artifact_files(folder / ARTIFACTS):
            names.update(file.name.encode())
            if digest_of_file(file) != file.name:
                raise ConfigurationError(f"{file} was damaged or altered.")
        if names.hexdigest() != self.artifacts_sha256:
            raise ConfigurationError(f"Files are missing in {folder / ARTIFACTS}, or too many.")


def artifact_files(folder: Path) -> list[Path]:
    """Return the files of a store in the order of their digests, which are their names."""
    return sorted(folder.glob("??/" + "[0-9a-f]" * 64), key=lambda file: file.name)


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, or refuse where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
