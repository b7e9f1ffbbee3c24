"""Find the files that labels are in, and read them in pieces."""

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyarrow import ArrowException, parquet

from crowd.aggregation.label_tables import Columns, check_columns, read_csv, read_table
from crowd.aggregation.names import Names
from crowd.aggregation.row_order import Indices

_CSV = (".csv", ".csv.gz")
_PARQUET = (".parquet",)
# A Parquet file with more labels is read in several pieces.
_ROWS_AT_ONCE = 4_000_000
_BYTES_AT_ONCE = 2**20


@dataclass(frozen=True)
class Source:
    """Name a file of labels, or some row groups of a Parquet file."""

    path: str
    row_groups: tuple[int, ...] = ()

    def __str__(self) -> str:
        if not self.row_groups:
            return self.path
        first, last = self.row_groups[0] + 1, self.row_groups[-1] + 1
        return f"{self.path}, row groups {first} to {last}"


class Piece(NamedTuple):
    """Hold the labels of one source: an index each, and the names in the order of their text."""

    task: NDArray[np.int32]
    annotator: NDArray[np.int32]
    label: Indices
    task_names: Names
    annotator_names: Names
    class_names: tuple[str, ...]


class FileDigest(NamedTuple):
    """Say which file it was: its name, size and SHA-256 in hex."""

    name: str
    n_bytes: int
    sha256: str


def files_of(named: Sequence[str]) -> list[Path]:
    """Return the files that are named: each a file, a folder of parts, or a pattern.

    Raise ValueError where nothing is there, or it is neither CSV nor Parquet.
    """
    files = [path for name in named for path in _files_at(name)]
    for path in files:
        if not path.name.endswith((*_CSV, *_PARQUET)):
            raise ValueError(f"{path} is neither .csv, .csv.gz nor .parquet.")
    twice = [path for place, path in enumerate(files) if path in files[:place]]
    if twice:
        raise ValueError(f"{twice[0]} is named twice.")
    return files


def sources_of(files: Sequence[Path]) -> list[Source]:
    """Return what is read at once: a CSV file, or as many row groups as make a good piece."""
    return [source for path in files for source in _sources_in(path)]


def read_source(source: Source, columns: Columns | None = None) -> Piece:
    """Read the labels of a source; raise ValueError that names it where they cannot be read."""
    try:
        return _read(source, columns or Columns())
    except (ValueError, OSError, ArrowException) as error:
        raise ValueError(f"{source}: {error}") from error


def digest_of(path: Path) -> FileDigest:
    """Return the digest of a file, which `sha256sum` gives too."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while some := file.read(_BYTES_AT_ONCE):
            sha256.update(some)
    return FileDigest(path.name, path.stat().st_size, sha256.hexdigest())


def _files_at(name: str) -> list[Path]:
    path = Path(name)
    if path.is_file():
        return [path.resolve()]
    if path.is_dir():
        inside = (each for each in path.iterdir() if not each.name.startswith((".", "_")))
        found = sorted(each for each in inside if each.name.endswith((*_CSV, *_PARQUET)))
    else:
        found = sorted(map(Path, glob.glob(name)))  # noqa: PTH207 - a pattern may be absolute
    if not found:
        raise ValueError(f"There are no files of labels at {name}.")
    return [each.resolve() for each in found]


def _sources_in(path: Path) -> list[Source]:
    if not path.name.endswith(_PARQUET):
        return [Source(str(path))]
    try:
        about = parquet.read_metadata(path)
    except (OSError, ArrowException) as error:
        raise ValueError(f"{path}: {error}") from error
    if about.num_rows <= _ROWS_AT_ONCE:
        return [Source(str(path))]
    sources: list[Source] = []
    begun: tuple[int, ...] = ()
    rows = 0
    for group in range(about.num_row_groups):
        begun, rows = (*begun, group), rows + about.row_group(group).num_rows
        if rows >= _ROWS_AT_ONCE:
            sources.append(Source(str(path), begun))
            begun, rows = (), 0
    return [*sources, Source(str(path), begun)] if begun else sources


def _read(source: Source, columns: Columns) -> Piece:
    if not source.path.endswith(_PARQUET):
        return Piece(*read_csv(source.path, None, columns))
    check_columns(parquet.read_schema(source.path), columns)
    with parquet.ParquetFile(source.path, read_dictionary=list(columns)) as file:
        groups = source.row_groups or range(file.num_row_groups)
        return Piece(*read_table(file.read_row_groups(groups, list(columns)), None, columns))
