"""Writers to one SQLite file that come while another writes share its commit.

SQLite waits for the disk at every commit, so that an acknowledged label survives a power cut. Many
threads that commit one by one would spend most of their time on that wait. Here the thread that
has written hands the open transaction to the next one that waits, and the last one commits for
all; nobody goes on before that commit. It is what databases call group commit.

Each member works behind a savepoint of its own: what fails is undone for it alone. Should the
whole transaction fail (the disk is full), every member is told so, and none was acknowledged.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError, OperationalError

MOST_MEMBERS = 32
# A transaction that has lasted so long takes no more members, whoever still waits.
LONGEST_SECONDS = 0.02


class _Transaction:
    """An open transaction, and the gates of those who have written in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.error: BaseException | None = None
        self.members: list[_Member] = []
        self._root = _begun(connection)
        self._began = monotonic()

    @property
    def takes_more(self) -> bool:
        is_young = monotonic() - self._began < LONGEST_SECONDS
        return is_young and len(self.members) < MOST_MEMBERS and self.error is None

    def send(self, sql: str) -> None:
        try:
            self.connection.connection.cursor().execute(sql)
        except sqlite3.OperationalError as error:
            raise OperationalError(sql, None, error) from error

    def undo_member(self) -> None:
        """Undo what the present member did; where SQLite has undone everything, remember that."""
        try:
            self.send("ROLLBACK TO member")
            self.send("RELEASE member")
        except OperationalError as error:
            self.error = error

    def commit(self) -> None:
        """Keep what all members did, or remember why not."""
        lost = self.error
        self.error = lost or InterruptedError("the commit was interrupted")
        try:
            if lost is None:
                self._root.commit()
                self.error = None
        except DBAPIError as error:
            self.error = error
        finally:
            self._close()

    def _close(self) -> None:
        try:
            self.connection.connection.rollback()  # of what could not be committed
        finally:
            self.connection.close()


def _begun(connection: Connection) -> RootTransaction:
    try:
        return connection.begin()
    except BaseException:
        connection.close()
        raise


class _Member:
    """A thread that wants to write: at its gate it waits for its turn, then for the commit."""

    def __init__(self) -> None:
        self.transaction: _Transaction | None = None
        self._gate = Lock()
        self._gate.acquire()

    def wait(self, seconds: float = -1) -> bool:
        return self._gate.acquire(timeout=seconds)

    def let_go(self) -> None:
        self._gate.release()


class WriterGroup:
    """The writers of one engine in this process."""

    def __init__(self) -> None:
        """Begin with nobody writing."""
        self._mutex = Lock()
        self._is_busy = False
        self._waiting: deque[_Member] = deque()

    @contextmanager
    def transaction(self, engine: Engine, *, patience_seconds: float) -> Iterator[Connection]:
        """Lend a transaction to write in; after the block it is committed, or an error is raised.

        Raises OperationalError when one's turn did not come in time, or the commit failed.
        """
        member = _Member()
        transaction = self._join(member, engine, patience_seconds)
        try:
            transaction.send("SAVEPOINT member")
            yield transaction.connection
            transaction.send("RELEASE member")
        except BaseException:
            transaction.undo_member()
            raise
        finally:
            self._pass_on(transaction, member)
        if transaction.error is not None:
            raise OperationalError("COMMIT", None, transaction.error) from transaction.error

    def _join(self, member: _Member, engine: Engine, patience_seconds: float) -> _Transaction:
        """Wait for one's turn; return the transaction that was handed over, or a new one."""
        with self._mutex:
            is_first = not self._is_busy
            self._is_busy = True
            if not is_first:
                self._waiting.append(member)
        if not is_first and not member.wait(patience_seconds):
            self._give_up(member)
        if member.transaction is None:
            member.transaction = self._begin(engine)
        return member.transaction

    def _give_up(self, member: _Member) -> None:
        with self._mutex:
            if member in self._waiting:
                self._waiting.remove(member)
                raise OperationalError(
                    "BEGIN", None, TimeoutError("database is locked by a thread of ours")
                )
        member.wait()  # its turn came at the very last moment

    def _begin(self, engine: Engine) -> _Transaction:
        try:
            return _Transaction(engine.connect())
        except BaseException:
            self._let_next_in()
            raise

    def _pass_on(self, transaction: _Transaction, member: _Member) -> None:
        """Hand the transaction to the next one and wait for its commit, or commit it for all."""
        with self._mutex:
            transaction.members.append(member)
            heir = self._waiting.popleft() if self._waiting and transaction.takes_more else None
        if heir is not None:
            heir.transaction = transaction
            heir.let_go()
            member.wait()
            return
        try:
            transaction.commit()
        finally:
            self._let_next_in()
            for other in transaction.members[:-1]:
                other.let_go()

    def _let_next_in(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().let_go()
            else:
                self._is_busy = False


# By engine, and gone with it; an engine is made before the threads that use it.
_GROUPS: WeakKeyDictionary[Engine, WriterGroup] = WeakKeyDictionary()


def group_of(engine: Engine) -> WriterGroup | None:
    """Return the writers of an engine; None where the database groups its commits itself."""
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    return _GROUPS.setdefault(engine, WriterGroup())
