"""How fast Dawid and Skene's model is fitted at scale, in how much memory, and beside crowd-kit.

Five labels a task, four classes, 500 labels an annotator, everyone anywhere: the worst locality.
`--reference-python` names the Python of an environment with crowd-kit, which then fits the same
labels in the same run, so that a busy machine slows both. An iteration of theirs is the
time between two of its bounds; one of ours the difference between long and short fits, by twenty.
The default, from arrays until it has converged, is held against crowd-kit's until that stops.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from folkmoot.bench import consensus_timing as timing
from folkmoot.bench.consensus_streaming import streamed
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import COUNTS

# The bars that the plan sets: times faster than crowd-kit, for so many labels.
LEAST_TIMES = {1_000_000: 60.0, 10_000_000: 90.0}
MOST_SECONDS = {10_000_000: 5.0}
MOST_BYTES = 12.0
# What the default takes in all, of what crowd-kit's Dawid and Skene take by default.
MOST_SHARE = 0.15
# What an iteration reads of a label in any case: annotator, class, and its part of an offset.
STREAMED_BYTES = 5 + 4 / timing.LABELS_PER_TASK

# Runs in the other environment: fits, and prints what an iteration took.
_REFERENCE = """
import json, resource, sys, time
import numpy, pandas
from crowdkit.aggregation import DawidSkene
def peak():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
labels = numpy.load(sys.argv[1])
frame = pandas.DataFrame({name: labels[name] for name in ("task", "worker", "label")})
marks, before = [], peak()
began = time.perf_counter(), time.process_time()
class Timed(DawidSkene):
    def _evidence_lower_bound(self, *given):
        bound = super()._evidence_lower_bound(*given)
        marks.append((time.perf_counter(), time.process_time()))
        return bound
Timed().fit(frame)
ended = time.perf_counter(), time.process_time()
turns = len(marks) - 1
print(json.dumps({
    "seconds": (marks[-1][0] - marks[0][0]) / turns,
    "cpu_seconds": (marks[-1][1] - marks[0][1]) / turns,
    "whole_seconds": ended[0] - began[0],
    "whole_cpu_seconds": ended[1] - began[1],
    "turns": turns,
    "bytes": peak() - before,
}))
"""


@click.option(
    "--labels", "sizes", type=COUNTS, default="1e6,1e7", show_default=True, help="How many labels."
)
@click.option(
    "--reference-python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The Python of an environment with crowd-kit, to measure beside.",
)
@click.option(
    "--stream",
    "streams",
    type=COUNTS,
    default=None,
    help="Also stream so many labels from Parquet, such as 1e7,1e8, on 30 bytes of disk a label.",
)
@click.option("--text/--no-text", default=True, help="Also read the labels from CSV and Parquet.")
def run(
    *,
    sizes: Sequence[int],
    reference_python: Path | None,
    streams: Sequence[int] | None,
    text: bool,
) -> Iterator[Figure]:
    """Measure every size, one process after another."""
    triad = timing.in_own_process(timing.triad_bytes_a_second)
    yield Figure("STREAM triad", triad / 1e9, "GB/s")
    if reference_python is None:
        click.echo("Nothing is compared: --reference-python was not given.")
    for n_labels in sizes:
        with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as name:
            yield from _of_size(n_labels, Path(name), triad, reference_python, text=text)
    if streams:
        yield from streamed(streams)


def _of_size(
    n_labels: int, folder: Path, triad: float, reference: Path | None, *, text: bool
) -> Iterator[Figure]:
    arrays = folder / "labels.npz"
    timing.in_own_process(timing.write_arrays, arrays, n_labels)
    size = f"{n_labels:.0e}".replace("e+0", "e")
    yield from _whole(size, n_labels, timing.in_own_process(timing.measure_whole, arrays))
    ordering, iteration = timing.in_own_process(timing.measure_iteration, arrays)
    share = STREAMED_BYTES * n_labels / iteration.seconds / triad
    yield Figure(f"{size}: from integers to the matrix", ordering.seconds, "s")
    yield Figure(f"{size}: an iteration", iteration.seconds * 1e3, "ms")
    yield Figure(f"{size}: an iteration, processor", iteration.cpu_seconds * 1e3, "ms")
    yield Figure(f"{size}: share of the triad, labels alone", share * 100, "%")
    default = timing.in_own_process(timing.measure_default, arrays).spent
    yield Figure(f"{size}: integers to posterior, the default", default.seconds, "s")
    yield Figure(f"{size}: integers to posterior, the default, processor", default.cpu_seconds, "s")
    if reference is not None:
        yield from _compared(size, n_labels, (iteration, default), reference, arrays)
    if text:
        yield from _reading(size, n_labels, arrays)


def _whole(size: str, n_labels: int, whole: timing.Whole) -> Iterator[Figure]:
    above = (whole.spent.bytes_more - whole.posterior_bytes) / n_labels
    name = f"{size}: integers to posterior, {timing.ITERATIONS} iterations"
    yield Figure(name, whole.spent.seconds, "s", at_most=MOST_SECONDS.get(n_labels))
    yield Figure(f"{name}, processor", whole.spent.cpu_seconds, "s")
    name = f"{size}: memory above input and posterior"
    yield Figure(name, above, "bytes a label", at_most=MOST_BYTES)
    yield Figure(f"{size}: right answers", whole.accuracy * 100, "%")


def _compared(
    size: str,
    n_labels: int,
    ours: tuple[timing.Spent, timing.Spent],
    reference: Path,
    arrays: Path,
) -> Iterator[Figure]:
    iteration, default = ours
    argv = [str(reference), "-c", _REFERENCE, str(arrays)]
    answer = subprocess.run(argv, check=True, capture_output=True, text=True)  # noqa: S603
    theirs = json.loads(answer.stdout)
    yield Figure(f"{size}: crowd-kit, an iteration", theirs["seconds"] * 1e3, "ms")
    yield Figure(f"{size}: crowd-kit, memory", theirs["bytes"] / n_labels, "bytes a label")
    faster = theirs["seconds"] / iteration.seconds
    name = f"{size}: faster than crowd-kit"
    yield Figure(name, faster, "times", at_least=LEAST_TIMES.get(n_labels))
    # What one processor does; on a busy machine it says more than the clock.
    processor = theirs["cpu_seconds"] / iteration.cpu_seconds
    yield Figure(f"{size}: less processor than crowd-kit", processor, "times")
    name = f"{size}: crowd-kit, until it stops after {theirs['turns'] + 1} iterations"
    yield Figure(name, theirs["whole_seconds"], "s")
    share = default.seconds / theirs["whole_seconds"]
    yield Figure(f"{size}: the default's share of that", share, "", at_most=MOST_SHARE)
    share = default.cpu_seconds / theirs["whole_cpu_seconds"]
    yield Figure(f"{size}: the default's share of that, processor", share, "")


def _reading(size: str, n_labels: int, arrays: Path) -> Iterator[Figure]:
    timing.in_own_process(timing.write_texts, arrays)
    for kind in ("csv", "parquet"):
        reading = timing.in_own_process(timing.measure_reading, arrays.with_suffix(f".{kind}"))
        name = f"{size}: from text in {kind} to the matrix"
        yield Figure(name, reading.seconds, "s")
        yield Figure(f"{name}, processor", reading.cpu_seconds, "s")
        memory = reading.bytes_more / n_labels
        yield Figure(f"{size}: memory while reading {kind}", memory, "bytes a label")
