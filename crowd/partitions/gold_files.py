"""Read the tasks whose answers are known."""

from pathlib import Path

import pyarrow as pa
from pyarrow import ArrowException, csv, parquet

from crowd.aggregation.label_tables import PARSING, Columns, check_columns


def read_gold(path: Path, columns: Columns | None = None) -> dict[str, str]:
    """Return the known answer of each task, from a file with the columns of tasks and labels.

    Raise ValueError that says what the file lacks, or which task has two answers.
    """
    names = (columns or Columns()).task, (columns or Columns()).label
    try:
        table = _read(path, names)
    except (KeyError, ValueError, OSError, ArrowException) as error:
        raise ValueError(f"{path}: {error}") from error
    gold: dict[str, str] = {}
    for task, label in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        if not task or not label:
            raise ValueError(f"{path}: a row has no task or no label.")
        if gold.setdefault(task, label) != label:
            raise ValueError(f"{path}: the task {task!r} has two answers.")
    return gold


def _read(path: Path, names: tuple[str, str]) -> pa.Table:
    if path.suffix == ".parquet":
        table = parquet.read_table(path)
    else:
        as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        table = csv.read_csv(path, convert_options=as_text, parse_options=PARSING)
    check_columns(table.schema, names)
    return table.select(names).cast(pa.schema([(name, pa.string()) for name in names]))
