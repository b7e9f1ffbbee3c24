"""Write the log out as plain files, by the names of c2sp.org/tlog-tiles.

Any web server, or a bucket that a sync tool fills, can then serve it. Tiles are written before the
checkpoint that needs them, so a reader finds a whole log at every moment, and whoever breaks this
off goes on next time: the checkpoint in the folder says how far it is complete.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from audit.notes import Checkpoint, Note
from audit.signing_keys import NoteError
from audit.tile_paths import TilePlace, bundles_of, tiles_of
from audit.tile_reading import content_at, emptied_bundles
from audit.tiles import root_at
from audit.witness_policy import NO_WITNESSES, WitnessPolicy
from audit.witnessing import cosigned_checkpoint
from folkmoot.kernel.errors import ConfigurationError, Conflict
from folkmoot.kernel.unit_of_work import UnitOfWork

CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class Published:
    """How far the folder is now, and how many files were written for it."""

    size: int
    files: int


def publish_log(
    uow: UnitOfWork, *, folder: Path, policy: WitnessPolicy = NO_WITNESSES
) -> Published:
    """Bring a folder to the newest checkpoint (that meets the policy); write only what is new."""
    note = cosigned_checkpoint(uow, policy=policy)
    if note is None:
        raise Conflict("The log is empty: there is nothing to publish yet.")
    size = Checkpoint.parse(Note.parse(note).text).size
    try:
        return _publish(uow, folder, note, size)
    except OSError as error:
        raise ConfigurationError(
            f"The log cannot be published in {folder}: {error.strerror}."
        ) from error


def _publish(uow: UnitOfWork, folder: Path, note: str, size: int) -> Published:
    since = _published_size(uow, folder, size)
    emptied = set(emptied_bundles(uow, size=size))
    n_files = 0
    for place in _new_places(size, since):
        if place.level is None and place.index in emptied:
            continue
        file, content = folder / place.to_path(), content_at(uow, place, size=size)
        # What was written before a break need not be written again, if it is of this log.
        if not (file.exists() and file.read_bytes() == content):
            _write_whole(file, content)
            n_files += 1
    _write_whole(folder / CHECKPOINT, note.encode())
    _remove_outgrown(folder, size, since)
    _remove_emptied(folder, emptied)
    return Published(size, n_files + 1)


def _published_size(uow: UnitOfWork, folder: Path, size: int) -> int:
    """Return how far the folder is; refuse one that holds another log, or more of this one."""
    file = folder / CHECKPOINT
    if not file.exists():
        return 0
    try:
        published = Checkpoint.parse(Note.parse(file.read_bytes()).text)
    except NoteError as error:
        raise Conflict(f"{file} is not a checkpoint: {error}") from error
    if published.size > size or published.root != root_at(uow, size=published.size):
        raise Conflict(
            f"{folder} holds another log, or more of it than this database: nothing is written."
        )
    return published.size


def _new_places(size: int, since: int) -> Iterator[TilePlace]:
    return chain(tiles_of(size, since=since), bundles_of(size, since=since))


def _remove_outgrown(folder: Path, size: int, since: int) -> None:
    for place in _new_places(size, since):
        if place.is_full:
            shutil.rmtree(folder / f"{place.to_path()}.p", ignore_errors=True)


def _remove_emptied(folder: Path, emptied: Iterable[int]) -> None:
    """Take back bundles with entries whose time is over; the hashes of those stay."""
    for index in emptied:
        file = folder / TilePlace(None, index).to_path()
        file.unlink(missing_ok=True)
        shutil.rmtree(f"{file}.p", ignore_errors=True)


def _write_whole(file: Path, content: bytes) -> None:
    # Readers see the whole file or none: it is renamed once it is on the disk.
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as partial:
        partial.write(content)
        partial.flush()
        os.fsync(partial.fileno())
        os.fchmod(partial.fileno(), 0o644)
    Path(partial.name).replace(file)
