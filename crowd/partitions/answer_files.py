"""Write answers and annotators to files, each of which appears whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.names import ArrowNames, Names
from crowd.aggregation.partitioned import Partition
from crowd.aggregation.partitioned_fit import PartitionedFit
from crowd.aggregation.posteriors import decide
from folkmoot.kernel.json_values import JsonObject

SUFFIXES = (".csv", ".parquet")
# Under this key a Parquet file says how its answers were made.
ABOUT = b"folkmoot"


def answers_of(partition: Partition, posterior: FloatArray) -> pa.Table:
    """Return a row per task: answer, confidence, number of labels, probability of each class."""
    matrix = partition.matrix
    leading = decide(posterior)
    classes = pa.array(matrix.class_names, pa.string())
    probabilities = {
        f"probability_{name}": posterior[:, index] for index, name in enumerate(matrix.class_names)
    }
    return pa.table(
        {
            "task": _texts(matrix.task_names),
            "answer": classes.take(pa.array(leading)),
            "confidence": posterior[np.arange(len(posterior)), leading],
            "n_labels": matrix.labels_per_task,
            **probabilities,
        }
    )


def annotators_of(names: Names, fit: PartitionedFit) -> pa.Table:
    """Return a row per annotator: how reliable, with limits, from how many labels."""
    mean, low, high = fit.reliabilities
    return pa.table(
        {
            "worker": _texts(names),
            "n_labels": fit.labels_per_annotator,
            "reliability": mean,
            "reliability_low": low,
            "reliability_high": high,
        }
    )


@dataclass(frozen=True)
class PartWriter:
    """Write the answers of a partition into a folder, from wherever the partition lies.

    Written beside and renamed, so that a writer that died leaves nothing half, and a second one
    the same again.
    """

    folder: Path

    def __call__(self, partition: Partition, posterior: FloatArray) -> None:
        """Write the part."""
        part = self.folder / f"part-{partition.number:05}.parquet"
        beside = part.with_name(f".{part.name}.{os.getpid()}-{os.urandom(4).hex()}")
        parquet.write_table(answers_of(partition, posterior), beside)
        beside.replace(part)


@contextmanager
def all_or_none() -> Iterator[Callable[[Path], Path]]:
    """Hand out where to write what is wanted at a place; in the end put all in place, or none."""
    ready: dict[Path, Path] = {}
    with ExitStack() as folders:

        def beside(place: Path) -> Path:
            # On the same disk, so that only renaming is left to be done.
            folder = tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent)
            folders.callback(shutil.rmtree, folder, ignore_errors=True)
            ready[place] = Path(folder) / place.name
            return ready[place]

        yield beside
        for place, written in ready.items():
            written.replace(place)


def write_together(folder: Path, path: Path, about: JsonObject) -> None:
    """Write the parts in a folder into one file, in their order, some rows at a time."""
    parts = sorted(folder.glob("part-*.parquet"))
    _write(path, parquet.read_schema(parts[0]), _batches_of(parts), about)


def write_table(table: pa.Table, path: Path, about: JsonObject) -> None:
    """Write a table as CSV or Parquet, as the name of the file says."""
    _write(path, table.schema, table.to_batches(), about)


def write_about(path: Path, about: JsonObject) -> None:
    """Write how the answers were made."""
    path.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _batches_of(parts: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with parquet.ParquetFile(part) as file:
            yield from file.iter_batches()


def _write(
    path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], about: JsonObject
) -> None:
    if path.suffix == ".csv":
        with csv.CSVWriter(path, schema) as plain:
            for batch in batches:
                plain.write_batch(batch)
        return
    schema = schema.with_metadata({ABOUT: json.dumps(about, ensure_ascii=False)})
    with parquet.ParquetWriter(path, schema) as compressed:
        for batch in batches:
            compressed.write_batch(batch)


def _texts(names: Names) -> pa.Array:
    return names.array if isinstance(names, ArrowNames) else pa.array(names, pa.large_string())
