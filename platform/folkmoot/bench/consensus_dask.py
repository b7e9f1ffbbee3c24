"""Whether a Dask cluster finds what one machine finds, also when a worker is killed half-way.

The crowd is that of `consensus-speed`, its labels in no order in Parquet files, so that every file
has labels for every partition. One machine and two processes of a cluster on it fit the default to
the same files. Then again, and at half of the iterations a worker is killed (kill -9) with all that
it held. What is compared are the probabilities in the files that come out.
"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import click
import numpy as np
import psutil
from pyarrow import parquet

from crowd.aggregation import Ensemble
from crowd.aggregation.listening import Listener, heard_by
from crowd.aggregation.partitioned import LocalEngine
from crowd.partitions.file_consensus import Finished, Wanted, aggregate_files
from folkmoot.bench import consensus_timing as timing
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import COUNTS

if TYPE_CHECKING:
    from crowd.partitions.dask_engine import DaskEngine

MOST_DIFFERENT = 1e-6
_FILES = 4
_WORKERS = 2
# A pass has begun by then, so that the worker dies in the midst of one.
_KILLED_AFTER_SECONDS = 0.05


@click.option(
    "--labels", "sizes", type=COUNTS, default="1e7", show_default=True, help="How many labels."
)
@click.option("--partitions", type=click.IntRange(2), default=8, show_default=True)
def run(*, sizes: tuple[int, ...], partitions: int) -> Iterator[Figure]:
    """Measure every size."""
    for n_labels in sizes:
        with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as name:
            yield from _of_size(n_labels, partitions, Path(name))


def _of_size(n_labels: int, n_partitions: int, folder: Path) -> Iterator[Figure]:
    timing.in_own_process(write_files, folder / "labels", n_labels)
    size = f"{n_labels:.0e}".replace("e+0", "e")
    seconds, _ = timing.in_own_process(fit_here, folder)
    yield Figure(f"{size}: one machine, files to file", seconds, "s")
    seconds, undisturbed = _fit_on_dask(folder, "undisturbed", n_partitions)
    yield Figure(f"{size}: {undisturbed.n_partitions} partitions, files to file", seconds, "s")
    half = max(undisturbed.n_iterations // 2, 1)
    seconds, disturbed = _fit_on_dask(folder, "disturbed", n_partitions, kill_at=half)
    yield Figure(f"{size}: the same, a worker killed in iteration {half + 1}", seconds, "s")
    yield Figure(f"{size}: iterations", disturbed.n_iterations, "")
    for name in ("undisturbed", "disturbed"):
        difference, others = timing.in_own_process(compare, folder, "here", name)
        what = f"{size}: {name}, largest difference from one machine"
        yield Figure(what, difference, "probability", at_most=MOST_DIFFERENT)
        yield Figure(f"{size}: {name}, other answers", others, "tasks", at_most=0)
    is_same = _read(folder, "undisturbed") == _read(folder, "disturbed")
    yield Figure(f"{size}: same bytes with a worker killed", is_same, "", at_least=1)


def write_files(folder: Path, n_labels: int) -> None:
    """Write the labels of a drawn crowd to several files, in no order."""
    import pyarrow as pa  # noqa: PLC0415 - as label_tables.py does

    folder.mkdir()
    crowd = timing.drawn_crowd(n_labels)
    table = pa.table({"task": crowd.task, "worker": crowd.annotator, "label": crowd.label})
    rows = -(-n_labels // _FILES)
    for number in range(_FILES):
        part = table.slice(number * rows, rows)
        parquet.write_table(part, folder / f"part-{number}.parquet")


def fit_here(folder: Path) -> tuple[float, Finished]:
    """Fit on one machine; return the seconds that it took."""
    began = time.perf_counter()
    finished = aggregate_files(LocalEngine(), Ensemble(), _wanted(folder, "here"))
    return time.perf_counter() - began, finished


def compare(folder: Path, name: str, other: str) -> tuple[float, int]:
    """Return the largest difference of any probability, and how many answers differ."""
    tables = [parquet.read_table(folder / f"{each}.parquet") for each in (name, other)]
    columns = [each for each in tables[0].column_names if each.startswith("probability_")]
    difference = max(
        float(np.abs(np.subtract(*(table.column(each).to_numpy() for table in tables))).max())
        for each in columns
    )
    if not tables[0].column("task").equals(tables[1].column("task")):
        raise ValueError("The two files are not about the same tasks.")
    answers = [table.column("answer").to_numpy() for table in tables]
    return difference, int((answers[0] != answers[1]).sum())


def _fit_on_dask(
    folder: Path, name: str, n_partitions: int, kill_at: int | None = None
) -> tuple[float, Finished]:
    from crowd.partitions.dask_engine import local_cluster  # noqa: PLC0415 - an extra

    wanted = _wanted(folder, name, n_partitions)
    with local_cluster(_WORKERS) as engine, heard_by(killer(engine, kill_at)):
        first = sorted(engine.process_ids())[0]
        began = time.perf_counter()
        finished = aggregate_files(engine, Ensemble(), wanted)
        seconds = time.perf_counter() - began
        if kill_at is not None and psutil.pid_exists(first):
            raise RuntimeError("The worker was not killed.")
    return seconds, finished


def killer(engine: "DaskEngine", kill_at: int | None) -> Listener:
    """Return a listener that kills a worker when a model has made so many iterations."""
    victims = sorted(engine.process_ids())[:1]

    def listen(iterations: int) -> None:
        if iterations == kill_at and victims:
            Timer(_KILLED_AFTER_SECONDS, os.kill, (victims.pop(), signal.SIGKILL)).start()

    return listen


def _wanted(folder: Path, name: str, n_partitions: int | None = None) -> Wanted:
    out = folder / f"{name}.parquet"
    return Wanted((str(folder / "labels"),), out, n_partitions=n_partitions)


def _read(folder: Path, name: str) -> bytes:
    return (folder / f"{name}.parquet").read_bytes()
