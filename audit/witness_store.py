"""What a witness remembers: the newest checkpoint of each log, in a SQLite file of its own.

A witness that forgets, or answers before its memory is on the disk, could cosign two histories.
So each answer is decided within one transaction that holds the file's one write lock, whichever
process or thread asks, and that is on the disk before anybody hears of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.merkle import EMPTY_ROOT
from audit.notes import Checkpoint

LOCK_WAIT_SECONDS = 10
MOST_EVIDENCE = 100

TABLES = """
CREATE TABLE IF NOT EXISTS latest (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    note TEXT NOT NULL, cosigned_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS evidence (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, received_at INTEGER NOT NULL,
    reason TEXT NOT NULL, request BLOB NOT NULL
);
"""


@dataclass(frozen=True)
class Seen:
    """The newest state of a log that was cosigned; size 0 where there was none."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    cosigned_at: int = 0


@dataclass(frozen=True)
class Evidence:
    """A request that a log's key had signed and that contradicts what was cosigned before."""

    origin: str
    received_at: int
    reason: str
    request: bytes


class Turn:
    """One look at the memory with nobody else in between."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def seen(self, origin: str) -> Seen:
        """Return the newest state of a log that was cosigned."""
        statement = "SELECT size, root, cosigned_at FROM latest WHERE origin = ?"
        row = self._connection.execute(statement, (origin,)).fetchone()
        return Seen(*row) if row else Seen()

    def keep(self, checkpoint: Checkpoint, note: str, *, cosigned_at: int) -> None:
        """Remember the checkpoint that is about to be cosigned."""
        self._connection.execute(
            "INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?)",
            (checkpoint.origin, checkpoint.size, checkpoint.root, note, cosigned_at),
        )


class WitnessStore:
    """The file that a witness remembers by."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(TABLES)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Hold the write lock; what was kept is on the disk once the block has ended well."""
        with closing(self._connect()) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield Turn(connection)

    def keep_evidence(self, one: Evidence) -> None:
        """Keep what shows that a log contradicts itself: the first of each log, not without end."""
        with closing(self._connect()) as connection:
            connection.execute(
                "INSERT INTO evidence (origin, received_at, reason, request) SELECT ?, ?, ?, ? "
                "WHERE (SELECT count(*) FROM evidence WHERE origin = ?) < ?",
                (one.origin, one.received_at, one.reason, one.request, one.origin, MOST_EVIDENCE),
            )

    def evidence(self) -> list[Evidence]:
        """Return what was kept of logs that contradict themselves, the oldest first."""
        statement = "SELECT origin, received_at, reason, request FROM evidence ORDER BY id"
        with closing(self._connect()) as connection:
            return [Evidence(*row) for row in connection.execute(statement)]

    def notes(self) -> list[str]:
        """Return the newest checkpoint of each log that was cosigned."""
        with closing(self._connect()) as connection:
            rows = connection.execute("SELECT note FROM latest ORDER BY origin")
            return [str(note) for (note,) in rows]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        # A commit returns once it is on the disk; on macOS only `fullfsync` means that.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA fullfsync=ON")
        return connection
