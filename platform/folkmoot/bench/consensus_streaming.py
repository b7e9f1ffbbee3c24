"""Fit a Parquet file of any length, a partition after another, in memory that stays the same.

Work comes in as in a real project: tasks in the order of their numbers, each million of labels in
no order. From one number of labels on the annotators are the same ones, because their tables are
in memory for every method and at any length. Memory is what no file backs.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from crowd.aggregation import SkillByClass
from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.partitioned import Held, LocalEngine, Partition, Partitions
from crowd.aggregation.partitioned_fit import fit_partitions
from crowd.aggregation.spooling import Extent, spooled_partitions
from folkmoot.bench import consensus_timing as timing
from folkmoot.bench.measure import Figure

ITERATIONS = 5
LABELS_PER_GROUP = 1_000_000
LABELS_PER_PARTITION = 10_000_000
_MOST_ANNOTATED = 10_000_000  # Labels from which on there are no more annotators.
_BILLION = 1_000_000_000


@dataclass(frozen=True)
class Streamed:
    """What it took to order the labels of a file, and to fit them."""

    n_labels: int
    ordering: timing.Spent
    fitting: timing.Spent
    disk_bytes: int

    @property
    def bytes_more(self) -> int:
        """Return the memory at the peak, above that before."""
        return max(self.ordering.bytes_more, self.fitting.bytes_more)

    @property
    def cpu_seconds(self) -> float:
        """Return what the processor worked."""
        return self.ordering.cpu_seconds + self.fitting.cpu_seconds


def streamed(sizes: Sequence[int]) -> Iterator[Figure]:
    """Measure every size, and say what a billion labels would take at the slope between two."""
    found = [timing.in_own_process(_measure, n_labels) for n_labels in sorted(sizes)]
    for one in found:
        size = f"{one.n_labels:.0e}".replace("e+0", "e")
        yield Figure(f"{size} streamed: memory", one.bytes_more / 1e6, "MB")
        yield Figure(
            f"{size} streamed: disk beside the file", one.disk_bytes / one.n_labels, "B/label"
        )
        yield Figure(f"{size} streamed: from Parquet to the spool", one.ordering.seconds, "s")
        yield Figure(f"{size} streamed: to the spool, processor", one.ordering.cpu_seconds, "s")
        name = f"{size} streamed: {ITERATIONS} iterations and the posterior"
        yield Figure(name, one.fitting.seconds, "s")
        yield Figure(f"{name}, processor", one.fitting.cpu_seconds, "s")
    if len(found) > 1 and found[0].n_labels >= _MOST_ANNOTATED:  # With the same annotators.
        few, many = found[0], found[-1]
        more, left = many.n_labels - few.n_labels, _BILLION - many.n_labels
        memory = many.bytes_more + (many.bytes_more - few.bytes_more) / more * left
        processor = many.cpu_seconds + (many.cpu_seconds - few.cpu_seconds) / more * left
        yield Figure("1e9 at that slope: memory", memory / 1e6, "MB")
        yield Figure("1e9 at that slope: processor", processor, "s")


def _measure(n_labels: int) -> Streamed:
    with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as name:
        folder = Path(name)
        path, spool = folder / "labels.parquet", folder / "spool"
        spool.mkdir()
        size = _write(path, n_labels)
        timing.fit_arrays(timing.drawn_crowd(60_000), 2)  # Loads the machine code.
        with timing.spent() as ordering:
            n_partitions = -(-n_labels // LABELS_PER_PARTITION)
            parts = spooled_partitions(path, spool=spool, size=size, n_partitions=n_partitions)
        with timing.spent() as fitting:
            _fit(parts, spool)
        disk = sum(file.stat().st_size for file in spool.iterdir())
    return Streamed(n_labels, ordering, fitting, disk)


def _fit(parts: Sequence[Partition], spool: Path) -> None:
    engine = LocalEngine()
    partitions = Partitions(engine, [Held(part) for part in parts])
    method = SkillByClass(max_iterations=ITERATIONS, tolerance=0)
    fit_partitions(method, partitions, partial(_keep, spool))


def _keep(spool: Path, partition: Partition, posterior: FloatArray) -> None:
    posterior.astype(np.float32).tofile(spool / f"posterior-{partition.number}.bin")


def _write(path: Path, n_labels: int) -> Extent:
    """Write a crowd to Parquet, a group of rows at a time."""
    import pyarrow as pa  # noqa: PLC0415 - as label_tables.py does
    from pyarrow import parquet  # noqa: PLC0415

    generator = np.random.default_rng(0)
    skill = timing.drawn_skill(generator, min(n_labels, _MOST_ANNOTATED))
    n_tasks, tasks_at_once = (n // timing.LABELS_PER_TASK for n in (n_labels, LABELS_PER_GROUP))
    kinds = [("task", pa.int32()), ("worker", pa.int32()), ("label", pa.int8())]
    with parquet.ParquetWriter(path, pa.schema(kinds)) as file:
        for first in range(0, n_tasks, tasks_at_once):
            some = timing.crowd_of(generator, skill, min(tasks_at_once, n_tasks - first), first)
            columns = {"task": some.task, "worker": some.annotator, "label": some.label}
            file.write_table(pa.table(columns))
    return Extent(n_tasks, len(skill), timing.N_CLASSES)
