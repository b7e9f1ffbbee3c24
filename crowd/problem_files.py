"""The file of an import's refused rows: it grows with each batch, and is certain up to a length."""

import csv
import io
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from crowd.models import TaskImport
from crowd.spreadsheets import safe_cell
from crowd.task_rows import RowProblem
from folkmoot.kernel.artifacts import ArtifactStore, chunks_of

HEADER = ("line", "external_id", "reason")


def append_problems(
    artifacts: ArtifactStore, growing: TaskImport, problems: Sequence[RowProblem]
) -> int:
    """Write problems behind those that are certain, and return the file's new length.

    The caller holds the import's row, and stores the length with the batch: what a run wrote
    that died before its commit is overwritten by the next.
    """
    if not problems:
        return growing.problems_bytes
    path = _growing(artifacts, growing)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.truncate(growing.problems_bytes)
        file.write(_lines(problems, with_header=not growing.problems_bytes))
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def keep_problems(artifacts: ArtifactStore, finished: TaskImport) -> str | None:
    """Take the whole file into the store and return its digest; None where no row was refused."""
    if not finished.problems_bytes:
        return None
    path = _growing(artifacts, finished)
    os.truncate(path, finished.problems_bytes)
    with path.open("rb") as file, artifacts.receive(chunks_of(file)) as whole:
        return whole.keep()


def forget_growing(artifacts: ArtifactStore, finished: TaskImport) -> None:
    """Remove the file that grew, once the whole one is certain."""
    with suppress(FileNotFoundError):
        _growing(artifacts, finished).unlink()


def problems_path(artifacts: ArtifactStore, wanted: TaskImport) -> Path:
    """Return where the file lies, for an import that has refused a row."""
    if wanted.problems_digest is not None:
        return artifacts.path_of(wanted.problems_digest)
    return _growing(artifacts, wanted)


def header_alone() -> bytes:
    """Return the file of an import that has refused no row."""
    return _text_of([HEADER])


def _growing(artifacts: ArtifactStore, growing: TaskImport) -> Path:
    return artifacts.folder / "growing" / f"{growing.id}.csv"


def _lines(problems: Sequence[RowProblem], *, with_header: bool) -> bytes:
    rows = [(str(one.line), safe_cell(one.external_id), safe_cell(one.reason)) for one in problems]
    return _text_of([HEADER, *rows] if with_header else rows)


def _text_of(rows: Sequence[tuple[str, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode("utf-8", errors="replace")
