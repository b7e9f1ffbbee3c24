"""Keep the newest checkpoint outside the database, so that the database cannot forget it."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from audit.notes import Checkpoint, Note
from audit.signing_keys import NoteError
from folkmoot.kernel.errors import ConfigurationError

SIGNATURE = "\N{EM DASH} "


@dataclass(frozen=True)
class CheckpointKeeper:
    """A file beside the data that holds the largest checkpoint that was signed here."""

    path: Path

    def newest(self) -> str | None:
        """Return the note that is kept, or None where none was kept yet."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The kept checkpoint {self.path} cannot be read: {error}."
            ) from error

    def keep(self, note: str) -> None:
        """Keep a signed note where it is of a larger log than the one that is kept."""
        kept = self.newest()
        if kept is not None and _size(kept) >= _size(note):
            return
        try:
            self._write_whole(note)
        except OSError as error:
            raise ConfigurationError(
                f"The newest checkpoint cannot be kept in {self.path}: {error.strerror}."
            ) from error

    def _write_whole(self, note: str) -> None:
        # Readers see one whole note or the other: it is renamed once it is on the disk.
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self.path.parent, delete=False
        ) as partial:
            partial.write(note)
            partial.flush()
            os.fsync(partial.fileno())
        Path(partial.name).replace(self.path)


def notes_in(text: str) -> list[str]:
    """Return each of the signed notes that were written to one file, one after the other."""
    notes: list[str] = []
    lines: list[str] = []
    for line in text.strip().split("\n"):
        ended = bool(lines) and lines[-1].startswith(SIGNATURE) and not line.startswith(SIGNATURE)
        if ended:
            notes.append("".join(f"{one}\n" for one in lines))
            lines = []
        if lines or line:  # empty lines between notes belong to none
            lines.append(line)
    return [*notes, "".join(f"{one}\n" for one in lines)]


def _size(note: str) -> int:
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except NoteError:
        # A damaged file is no mark; sealing has refused it before it comes to this.
        return 0
