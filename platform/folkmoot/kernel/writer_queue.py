"""The queue of those who want to write to one SQLite file: threads by a lock, processes by another.

SQLite lets one writer in at a time, and lets the others sleep for ever longer times until they
happen to find it open; under load some of them sleep for seconds. Here they wait in a queue
instead. Between processes it is a lock of the kernel's (`flock`) on a file beside the database,
which is free again when its holder dies, however it dies.
"""

import fcntl
import os
from functools import cache
from pathlib import Path
from threading import Lock

SUFFIX = "-writers"


class WriterQueue:
    """One process's end of the queue of a file; where there is no file, its threads' alone."""

    def __init__(self, database: Path | None) -> None:
        """Stand at the queue of a database file."""
        self._path = None if database is None else database.with_name(database.name + SUFFIX)
        self._own_turn = Lock()
        self._file: int | None = None

    def enter(self, *, patience_seconds: float) -> bool:
        """Wait for one's turn, and say whether it came; a thread of ours may be in the way."""
        if not self._own_turn.acquire(timeout=patience_seconds):
            return False
        if self._path is not None:
            # Opened anew for each turn: a process that was forked must not share the lock.
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def leave(self) -> None:
        """Let the next one write."""
        if self._file is not None:
            os.close(self._file)  # which also ends the lock
            self._file = None
        self._own_turn.release()


@cache
def queue_of(database: Path | None) -> WriterQueue:
    """Return this process's one queue for a database file, whoever asks for it."""
    return WriterQueue(database)
