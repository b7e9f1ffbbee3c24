"""One measurement of consensus at a time, each for a process of its own.

A measurement makes its crowd, warms up on a small one (so that no machine code is made while the
clock runs), and then measures: seconds on the clock, seconds of processor, and the memory that the
process held at its peak above what it held before.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray

from crowd.aggregation import DawidSkene, Ensemble, LabelMatrix
from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.compiling import compiled, each_part, most_threads

N_CLASSES = 4
LABELS_PER_TASK = 5
LABELS_PER_ANNOTATOR = 500
ITERATIONS = 20
_WARM_UP = 60_000
_LOOK_SECONDS = 0.001
_TRIAD_NUMBERS = 20_000_000
_TRIAD_ROUNDS = 7

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Crowd:
    """Hold drawn labels as the arrays that someone would have of them, in no order."""

    task: NDArray[np.int32]
    annotator: NDArray[np.int32]
    label: NDArray[np.int8]
    truth: NDArray[np.int8]


@dataclass
class Spent:
    """What something took."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    bytes_at_peak: int = 0
    bytes_before: int = 0

    @property
    def bytes_more(self) -> int:
        """Return the memory at the peak above that before."""
        return max(self.bytes_at_peak - self.bytes_before, 0)


@dataclass(frozen=True)
class Whole:
    """What it took from arrays to a posterior, and how often that was right."""

    spent: Spent
    posterior_bytes: int
    accuracy: float


@dataclass
class _Watch:
    peak: int = 0
    cpu_seconds: float = 0.0  # What the watching took.
    done: threading.Event = field(default_factory=threading.Event)


def drawn_crowd(n_labels: int, seed: int = 0) -> Crowd:
    """Draw labels, each by any annotator: the worst locality that a crowd can have."""
    generator = np.random.default_rng(seed)
    return crowd_of(generator, drawn_skill(generator, n_labels), n_labels // LABELS_PER_TASK)


def drawn_skill(generator: np.random.Generator, n_labels: int) -> NDArray[np.float32]:
    """Draw how often each annotator knows the answer, for a crowd of so many labels."""
    n_annotators = max(n_labels // LABELS_PER_ANNOTATOR, LABELS_PER_TASK)
    return generator.uniform(0.4, 0.95, n_annotators).astype(np.float32)


def crowd_of(
    generator: np.random.Generator, skill: NDArray[np.float32], n_tasks: int, first_task: int = 0
) -> Crowd:
    """Draw the labels of tasks from `first_task` on, in no order."""
    n_annotators = len(skill)
    truth = generator.integers(0, N_CLASSES, n_tasks, dtype=np.int8)
    # Neighbours differ, so that nobody labels a task twice.
    first = generator.integers(0, n_annotators, n_tasks, dtype=np.int32)
    steps = generator.integers(1, n_annotators // LABELS_PER_TASK + 1, n_tasks, dtype=np.int32)
    places = np.arange(LABELS_PER_TASK, dtype=np.int32)
    annotator = ((first[:, None] + steps[:, None] * places) % n_annotators).ravel()
    task = np.repeat(np.arange(n_tasks, dtype=np.int32), LABELS_PER_TASK)
    slip = generator.integers(0, N_CLASSES, len(task), dtype=np.int8)
    is_right = generator.random(len(task), dtype=np.float32) < skill[annotator]
    label = np.where(is_right, truth[task], slip)
    order = generator.permutation(len(task))
    tasks = task[order] + np.int32(first_task)
    return Crowd(tasks, annotator[order].astype(np.int32), label[order], truth)


def measure_whole(path: Path) -> Whole:
    """Measure from integer arrays to the posterior, in a fixed number of iterations."""
    fit_arrays(drawn_crowd(_WARM_UP), 2)
    crowd = _loaded(path)
    with spent() as whole:
        fitted = fit_arrays(crowd, ITERATIONS)
    accuracy = float((fitted.labels_ == crowd.truth).mean())
    return Whole(whole, fitted.posterior_.nbytes, accuracy)


def measure_default(path: Path) -> Whole:
    """Measure from integer arrays to what the default makes of them, until it has converged."""
    Ensemble(max_iterations=2).fit(_matrix(drawn_crowd(_WARM_UP)))
    crowd = _loaded(path)
    with spent(watched=False) as whole:
        fitted = Ensemble().fit(_matrix(crowd))
    accuracy = float((fitted.labels_ == crowd.truth).mean())
    return Whole(whole, fitted.posterior_.nbytes, accuracy)


def measure_iteration(path: Path) -> tuple[Spent, Spent]:
    """Measure from integer arrays to the matrix, and one iteration of a fit."""
    fit_arrays(drawn_crowd(_WARM_UP), 2)
    crowd = _loaded(path)
    with spent() as ordering:
        matrix = _matrix(crowd)
    del crowd
    with spent(watched=False) as short:
        DawidSkene(max_iterations=1, tolerance=0).fit(matrix)
    with spent(watched=False) as long:
        DawidSkene(max_iterations=1 + ITERATIONS, tolerance=0).fit(matrix)
    seconds = (long.seconds - short.seconds) / ITERATIONS
    processor = (long.cpu_seconds - short.cpu_seconds) / ITERATIONS
    return ordering, Spent(seconds, processor)


def fit_arrays(crowd: Crowd, iterations: int) -> DawidSkene:
    """Go from arrays to the posterior in so many iterations."""
    return DawidSkene(max_iterations=iterations, tolerance=0).fit(_matrix(crowd))


def measure_reading(path: Path) -> Spent:
    """Measure from a file of text to the matrix."""
    _matrix(drawn_crowd(_WARM_UP))
    read = LabelMatrix.from_csv if path.suffix == ".csv" else LabelMatrix.from_parquet
    with spent() as reading:
        read(path)
    return reading


def write_arrays(path: Path, n_labels: int) -> None:
    """Write the arrays of a drawn crowd, so that another process has them and nothing else."""
    crowd = drawn_crowd(n_labels)
    np.savez(path, task=crowd.task, worker=crowd.annotator, label=crowd.label, truth=crowd.truth)


def write_texts(arrays: Path) -> None:
    """Write the labels with names for everything to labels.csv and labels.parquet."""
    import pyarrow as pa  # noqa: PLC0415 - as label_tables.py does
    from pyarrow import csv, parquet  # noqa: PLC0415

    crowd = _loaded(arrays)
    columns = {
        "task": _named("task", crowd.task),
        "worker": _named("worker", crowd.annotator),
        "label": _named("label", crowd.label),
    }
    table = pa.table(columns)
    csv.write_csv(table, arrays.with_suffix(".csv"))
    parquet.write_table(table, arrays.with_suffix(".parquet"))


def triad_bytes_a_second() -> float:
    """Return how fast this machine adds two arrays into a third, all its processors at work.

    McCalpin, Memory Bandwidth and Machine Balance in Current High Performance Computers,
    IEEE TCCA Newsletter, 1995 (STREAM): 24 bytes an element, the best of several rounds.
    """
    first, second = np.ones(_TRIAD_NUMBERS), np.ones(_TRIAD_NUMBERS)
    total = np.zeros(_TRIAD_NUMBERS)
    parts = most_threads()
    cuts = [_TRIAD_NUMBERS * part // parts for part in range(parts + 1)]

    def add(part: int) -> None:
        some = slice(cuts[part], cuts[part + 1])
        _triad(total[some], first[some], second[some], 3.0)

    best = 0.0
    for _ in range(_TRIAD_ROUNDS):
        began = time.perf_counter()
        each_part(add, parts, parts)
        best = max(best, 24 * _TRIAD_NUMBERS / (time.perf_counter() - began))
    return best


@contextmanager
def spent(*, watched: bool = True) -> Iterator[Spent]:
    """Measure what the block takes; unless `watched`, not its memory while it runs.

    A watch interrupts a processor a thousand times a second. Where every one is at work, that cost
    a fifth of the time of an iteration, and nobody watches what it is compared with.
    """
    watch, process = _Watch(), psutil.Process()
    before = _own_memory(process)
    watcher = threading.Thread(target=_look, args=(process, watch))
    if not watched:
        watch.done.set()  # It looks not once.
    watcher.start()
    found = Spent(bytes_before=before)
    clock, processor = time.perf_counter(), time.process_time()
    try:
        yield found
    finally:
        found.seconds = time.perf_counter() - clock
        found.cpu_seconds = time.process_time() - processor
        found.bytes_at_peak = max(watch.peak, _own_memory(process))
        watch.done.set()
        watcher.join()
        found.cpu_seconds -= watch.cpu_seconds


def in_own_process(measure: Callable[..., T], *arguments: object) -> T:
    """Run a measurement in a process of its own, which no other has filled."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def _loaded(path: Path) -> Crowd:
    with np.load(path) as arrays:
        return Crowd(arrays["task"], arrays["worker"], arrays["label"], arrays["truth"])


def _matrix(crowd: Crowd) -> LabelMatrix:
    return LabelMatrix.from_arrays(crowd.task, crowd.annotator, crowd.label)


def _look(process: psutil.Process, watch: _Watch) -> None:
    while not watch.done.wait(_LOOK_SECONDS):
        watch.peak = max(watch.peak, _own_memory(process))
    watch.cpu_seconds = time.thread_time()


def _own_memory(process: psutil.Process) -> int:
    """Return the memory that only this process can give back: not that of mapped files."""
    memory = process.memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))  # macOS does not tell them apart.


def _named(kind: str, index: NDArray[np.signedinteger]) -> object:
    import pyarrow as pa  # noqa: PLC0415

    names = [f"{kind}-{number:09}" for number in range(int(index.max()) + 1)]
    return pa.DictionaryArray.from_arrays(pa.array(index), pa.array(names)).cast(pa.string())


@compiled
def _triad(total: FloatArray, first: FloatArray, second: FloatArray, factor: float) -> None:
    for at in range(len(total)):
        total[at] = first[at] + factor * second[at]
