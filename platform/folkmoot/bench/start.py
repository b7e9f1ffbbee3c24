"""How fast each process starts, how much memory it holds when idle, what the web does not load."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from folkmoot.bench.measure import Figure
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings
from folkmoot.runtime.household import household
from folkmoot.runtime.ports import free_port
from folkmoot.runtime.processes import Child, Program

RUNS = 5
SETTLE_SECONDS = 3.0
MIB = 2**20
HEAVY = ("sklearn", "scipy", "pandas", "fairlearn", "altair", "pyarrow")
FOLKMOOT = (sys.executable, "-m", "folkmoot.cli.main")


def run() -> Sequence[Figure]:
    """Measure start-up and idle memory of web, worker, sweep and Valkey, and the command line."""
    with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as name:
        folder = Path(name)
        settings = Settings(
            data_dir=folder, database_url=f"sqlite:///{folder}/bench.sqlite", queue_url=""
        )
        upgrade_database(make_engine(settings.database_url))
        programs = household(settings, port=free_port()).programs
        return [
            Figure("folkmoot --help", _seconds_of_help(), "s", at_most=0.5),
            *_programs(programs),
            Figure("heavy libraries in the web process", _heavy_modules(), "modules", at_most=0),
        ]


def _seconds_of_help() -> float:
    return median(_timed((*FOLKMOOT, "--help")) for _ in range(RUNS))


def _timed(argv: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own command
    return time.perf_counter() - began


def _programs(programs: Sequence[Program]) -> Iterator[Figure]:
    """Start the programs one after another; the first is what the others need."""
    children: list[Child] = []
    try:
        for program in programs:
            began = time.perf_counter()
            children.append(Child(program).wait_until_ready())
            if program.ready is not None:
                yield Figure(f"{program.name}: start", time.perf_counter() - began, "s")
        time.sleep(SETTLE_SECONDS)
        for child in children:
            yield Figure(f"{child.program.name}: idle memory", _memory(child.pid), "MiB")
    finally:
        for child in reversed(children):
            child.stop()


def _memory(pid: int) -> float:
    """Return the proportional memory of a process and all that it started, in MiB."""
    root = psutil.Process(pid)
    total = 0
    for process in [root, *root.children(recursive=True)]:
        with _gone_is_fine():
            figures = process.memory_full_info()
            total += getattr(figures, "pss", figures.uss)
    return total / MIB


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return


def _heavy_modules() -> int:
    """Count the heavy libraries that importing the web application loads."""
    program = f"import sys, folkmoot.app; print(sum(m in sys.modules for m in {HEAVY!r}))"
    argv = (sys.executable, "-c", program)
    answer = subprocess.run(argv, check=True, capture_output=True, text=True)  # noqa: S603
    return int(answer.stdout)
