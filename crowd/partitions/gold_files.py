"""Read the tasks whose answers are known."""

from pathlib import Path

import pyarrow as pa
from pyarrow import ArrowException, csv, parquet

_COLUMNS = ("task", "label")


def read_gold(path: Path) -> dict[str, str]:
    """Return the known answer of each task, from a file with the columns task and label.

    Raise ValueError that says what the file lacks, or which task has two answers.
    """
    try:
        table = _read(path)
    except (KeyError, ValueError, OSError, ArrowException) as error:
        raise ValueError(f"{path}: {error}") from error
    gold: dict[str, str] = {}
    for task, label in zip(*(table.column(name).to_pylist() for name in _COLUMNS), strict=True):
        if not task or not label:
            raise ValueError(f"{path}: a row has no task or no label.")
        if gold.setdefault(task, label) != label:
            raise ValueError(f"{path}: the task {task!r} has two answers.")
    return gold


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        table = parquet.read_table(path)
    else:
        as_text = csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.string()))
        table = csv.read_csv(path, convert_options=as_text)
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        raise ValueError(f"There is no column {' and no '.join(missing)}.")
    return table.select(_COLUMNS).cast(pa.schema([(name, pa.string()) for name in _COLUMNS]))
