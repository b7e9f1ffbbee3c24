"""Start programs that cannot outlive us, and stop them with all that they started."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.reaper import kill_all, living_members_of

REAPER = Path(__file__).with_name("reaper.py")
# What a reaper may take, beyond the grace of its program, to end the rest of the family.
REAPER_MARGIN_SECONDS = 7.0
POLL_SECONDS = 0.02
LOG_TAIL_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run and how to end it.

    `environment` is added to our own. Without a `log` file the output goes where ours goes.
    `ready` tells whether the program serves already; without it, it is ready at once.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    ready: Callable[[], bool] | None = None
    ready_timeout_seconds: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0


class Child:
    """A running program; it ends when `stop` is called, and at the latest when we end.

    A copy of this object in a forked process has no say: there, `stop` does nothing.
    """

    def __init__(self, program: Program) -> None:
        """Start the program. Raises StartupProblem when it, or its log, cannot be opened."""
        if shutil.which(program.argv[0]) is None:
            raise StartupProblem(f"{program.name} cannot start: there is no {program.argv[0]}.")
        self.program = program
        self._owner_pid = os.getpid()
        try:
            self._reaper = _start_reaper(program)
        except OSError as error:
            raise StartupProblem(f"{program.name} cannot start: {error}.") from error

    @property
    def pid(self) -> int:
        """Return the number of the program's reaper, which is its session too."""
        return self._reaper.pid

    def exit_status(self) -> int | None:
        """Return how the program ended (128 + N: by signal N), or None while it runs.

        Nothing that it had started lives when this first returns a status.
        """
        if self._reaper.returncode is None and self._reaper.poll() is not None:
            self._bury()
        status = self._reaper.returncode
        return 128 - status if status is not None and status < 0 else status

    def wait_until_ready(self) -> Self:
        """Wait until the program serves.

        Raises StartupProblem when it ends or takes too long; then it has been stopped.
        """
        ready = self.program.ready
        deadline = time.monotonic() + self.program.ready_timeout_seconds
        while ready is not None and not ready():
            if self.exit_status() is not None:
                raise StartupProblem(self._why_it_ended())
            if time.monotonic() > deadline:
                self.stop()
                seconds = self.program.ready_timeout_seconds
                raise StartupProblem(f"{self.program.name} did not answer in {seconds:g} seconds.")
            time.sleep(POLL_SECONDS)
        return self

    def ask_to_stop(self) -> None:
        """Begin to stop the program; asked a second time, its reaper kills it."""
        if os.getpid() == self._owner_pid:
            self._reaper.terminate()

    def stop(self) -> None:
        """Stop the program and its family: politely, and after its grace by SIGKILL."""
        if os.getpid() != self._owner_pid or self.exit_status() is not None:
            return
        self.ask_to_stop()
        try:
            self._reaper.wait(self.program.grace_seconds + REAPER_MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._reaper.kill()
            self._reaper.wait()
        self._bury()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _bury(self) -> None:
        """Let go of the lifeline, and end those whom a killed reaper could not end."""
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()
        deadline = time.monotonic() + REAPER_MARGIN_SECONDS
        while (orphans := living_members_of(self.pid)) and time.monotonic() < deadline:
            kill_all(orphans)
            time.sleep(POLL_SECONDS)

    def _why_it_ended(self) -> str:
        said = _last_line(self.program.log)
        ended = f"{self.program.name} stopped while starting ({describe(self.exit_status())})"
        return f"{ended}; the last line of {self.program.log} is: {said}" if said else f"{ended}."


def describe(exit_status: int | None) -> str:
    """Put an exit status into words."""
    if exit_status is not None and exit_status > 128:
        return f"ended by signal {exit_status - 128}"
    return f"exit status {exit_status}"


def _start_reaper(program: Program) -> subprocess.Popen[bytes]:
    """Start a reaper that starts the program; its standard input is its lifeline to us."""
    orders = (os.getpid(), int(program.stop_signal), program.grace_seconds)
    bare_python = (sys.executable, "-I", "-S", str(REAPER))
    with _opened(program.log) as output:
        # No preexec_fn: it may deadlock in a process that has threads, as ours does.
        return subprocess.Popen(  # noqa: S603 - whoever wrote the program chose its words
            [*bare_python, *map(str, orders), *program.argv],
            env={**os.environ, **program.environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
        )


def _opened(log: Path | None) -> AbstractContextManager[BinaryIO | None]:
    """Open a log to append to; without one the output goes where ours goes."""
    if log is None:
        return nullcontext()
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")


def _last_line(log: Path | None) -> str:
    if log is None:
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
