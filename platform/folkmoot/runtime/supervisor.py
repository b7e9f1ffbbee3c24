"""Keep several programs running together, and end them all together."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Self

from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.processes import Child, Program, describe
from folkmoot.runtime.restarts import Deaths, RestartLimit

LOOK_SECONDS = 0.1
SIGNALS_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

logger = logging.getLogger(__name__)


class Stopped(SystemExit):
    """Unwind the main thread because a signal asks us to stop."""


class Supervised:
    """One program in a supervisor's care: its present process, or when the next one starts."""

    def __init__(self, program: Program, limit: RestartLimit) -> None:
        self.program = program
        self.child = Child(program)
        self._deaths = Deaths(limit)
        self._restart_at: float | None = None

    def look_after(self, now: float, tell: Callable[[str], None]) -> None:
        """Start the program again where it is due. Raises StartupProblem when that is hopeless."""
        if self._restart_at is not None:
            if now >= self._restart_at:
                self._restart_at = None
                self.child = Child(self.program)
        elif (status := self.child.exit_status()) is not None:
            self._restart_at = now + self._pause(now, status)
            tell(f"{self.program.name} stopped ({describe(status)}); starting it again.")

    def _pause(self, now: float, status: int) -> float:
        pause = self._deaths.record(now)
        if pause is None:
            problem = f"{self.program.name} keeps stopping ({describe(status)})"
            where = f"; see {self.program.log}" if self.program.log else ""
            raise StartupProblem(f"{problem}{where}.")
        return pause


class Supervisor:
    """Run programs in order, restart one that dies, and stop all in reverse order.

    Either `run_forever()`, or as a context manager around work of your own in the main thread::

        with Supervisor([valkey, worker, web]):
            tell_the_story()

    SIGINT raises KeyboardInterrupt in that work, SIGTERM and SIGHUP raise Stopped (a SystemExit),
    and a program beyond help raises StartupProblem; in every case all programs are stopped. While
    they stop, another signal kills what still runs. If we are killed ourselves, the reapers of
    the programs end them.
    """

    def __init__(
        self,
        programs: Sequence[Program] = (),
        *,
        limit: RestartLimit | None = None,
        tell: Callable[[str], None] = logger.warning,
    ) -> None:
        self._programs = programs
        self._limit = limit or RestartLimit()
        self._tell = tell
        self._supervised: list[Supervised] = []
        # Guards the list: `start` and `_watch` run in different threads.
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._failure: StartupProblem | None = None
        self._ended = ExitStack()

    def start(self, program: Program) -> Child:
        """Start one more program and wait until it is ready; it will be stopped before the others.

        Raises StartupProblem when it ends or stays silent before it was ever ready.
        """
        supervised = Supervised(program, self._limit)
        with ExitStack() as stack:
            stack.callback(supervised.child.stop)
            supervised.child.wait_until_ready()
            with self._lock:
                self._supervised.append(supervised)
            stack.pop_all()
        return supervised.child

    def run_forever(self) -> None:
        """Run until a signal asks us to stop. Raises StartupProblem when a program is hopeless."""
        try:
            with self:
                threading.Event().wait()
        except (KeyboardInterrupt, Stopped):
            return

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._signals_taken())
            stack.callback(self._stop)
            threading.Thread(target=self._watch, name="supervisor", daemon=True).start()
            for program in self._programs:
                self.start(program)
            self._ended = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.close()

    def _watch(self) -> None:
        """Look after every program until all are stopped or one is beyond help."""
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                with self._lock:
                    self._look_after_all()
            except StartupProblem as problem:
                self._give_up(problem)
                return

    def _look_after_all(self) -> None:
        for supervised in self._supervised:
            if not self._stopping.is_set():
                supervised.look_after(time.monotonic(), self._tell)

    def _give_up(self, problem: StartupProblem) -> None:
        """Have the main thread raise the problem, whatever it is doing or waiting for."""
        self._failure = problem
        main_thread = threading.main_thread().ident
        if main_thread is not None and not self._stopping.is_set():
            signal.pthread_kill(main_thread, signal.SIGTERM)

    def _stop(self) -> None:
        """Stop every program, the last started first."""
        self._stopping.set()
        with self._lock:
            for supervised in reversed(self._supervised):
                supervised.child.stop()

    @contextmanager
    def _signals_taken(self) -> Iterator[None]:
        with ExitStack() as former_handlers:
            for number in SIGNALS_TO_STOP:
                if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                    continue  # nohup asked us to outlive the terminal
                former = signal.signal(number, self._on_signal)
                former_handlers.callback(signal.signal, number, former)
            yield

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping.is_set():
            self._hurry()
        elif self._failure is not None:
            raise self._failure
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise Stopped(128 + number)

    def _hurry(self) -> None:
        """Ask a second time, which kills; without the lock, which `_stop` holds meanwhile."""
        for supervised in self._supervised:
            supervised.child.ask_to_stop()
