"""Programs with families, to see whether anyone is left when they end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from folkmoot.runtime.processes import Program


@pytest.fixture(autouse=True)
def _hanging_up_is_not_ignored() -> Iterator[None]:
    """Start from the usual signals, also where the tests run under nohup."""
    former = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, former)


# The second process does as RQ's work horse does (a group of its own), and ignores SIGTERM.
# The third hides as a daemon does (its parent gone; on Linux, in a session of its own).
PARENT_AND_CHILDREN = """
import os, signal, sys, time

def tell():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()} ")

def tell_and_stay():
    tell()
    time.sleep(60)

tell()
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell_and_stay()
if os.fork() == 0:
    if sys.platform == "linux":
        os.setsid()
    if os.fork() == 0:
        tell_and_stay()
    os._exit(0)
time.sleep(60)
"""

Eventually = Callable[[Callable[[], bool]], bool]
RunScript = Callable[[str], subprocess.Popen[str]]


def is_running(pid: int) -> bool:
    """Tell whether the process lives; one that only waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Family:
    """A program that starts two processes which hide from it in different ways."""

    def __init__(self, folder: Path) -> None:
        self._pid_file = folder / "family.pids"

    @property
    def argv(self) -> tuple[str, ...]:
        return (sys.executable, "-S", "-c", PARENT_AND_CHILDREN, str(self._pid_file))

    @property
    def program(self) -> Program:
        return Program(name="family", argv=self.argv, ready=self.is_complete, grace_seconds=0.3)

    def pids(self) -> list[int]:
        """Return the processes in the order in which they told their number, of every life."""
        return [int(pid) for pid in self._pid_file.read_text().split()]

    def is_complete(self) -> bool:
        return self._pid_file.exists() and len(self.pids()) >= 3

    def has_new_life_after(self, old: list[int]) -> bool:
        return len(self.pids()) == len(old) + 3

    def head(self) -> int:
        """Return the program itself, of the latest life."""
        return self.pids()[-3]

    def alive(self) -> list[int]:
        return [pid for pid in self.pids() if is_running(pid)]

    def is_gone(self) -> bool:
        return not self.alive()

    def kill_survivors(self) -> None:
        for pid in self.alive() if self._pid_file.exists() else []:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def eventually() -> Eventually:
    """Tell whether a condition comes true within ten seconds."""

    def comes_true(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 10.0
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    return comes_true


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    """Make a family; whatever a failed test leaves of it is killed."""
    made = Family(tmp_path)
    yield made
    made.kill_survivors()


@pytest.fixture
def run_script(tmp_path: Path) -> Iterator[RunScript]:
    """Run Python text as a process of its own, which is killed at the end if it still runs."""
    running: list[subprocess.Popen[str]] = []

    def run(source: str) -> subprocess.Popen[str]:
        script = tmp_path / f"script{len(running)}.py"
        script.write_text(source)
        process = subprocess.Popen(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()
