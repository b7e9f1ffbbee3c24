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
        """Undo what the present member did; where that fails, remember that nothing may be kept.

        It fails where SQLite has undone everything already.
        """
        lost, self.error = self.error, InterruptedError("the undoing was interrupted")
        try:
            self.send("ROLLBACK TO member")
            self.send("RELEASE member")
            self.error = lost
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
        if not is_first:
            self._await_turn(member, patience_seconds)
        if member.transaction is None:
            member.transaction = self._begin(engine)
        return member.transaction

    def _await_turn(self, member: _Member, patience_seconds: float) -> None:
        try:
            has_come = member.wait(patience_seconds)
            is_late = not has_come and self._withdraw(member)
            if not has_come and not is_late:
                member.wait()  # its turn came at the very last moment
        except BaseException:  # a signal's handler raised: the time of a job is over, say
            if not self._withdraw(member):
                self._decline(member)
            raise
        if is_late:
            raise OperationalError(
                "BEGIN", None, TimeoutError("database is locked by a thread of ours")
            )

    def _begin(self, engine: Engine) -> _Transaction:
        try:
            return _Transaction(engine.connect())
        except BaseException:
            self._let_next_in()
            raise

    def _withdraw(self, member: _Member) -> bool:
        """Wait no longer; False where one's turn has come already."""
        with self._mutex:
            if member not in self._waiting:
                return False
            self._waiting.remove(member)
            return True

    def _decline(self, member: _Member) -> None:
        """Let the others go on where a turn came to somebody who does not take it."""
        if member.transaction is None:
            self._let_next_in()
        elif not self._hand_over(member.transaction):
            self._end(member.transaction)

    def _pass_on(self, transaction: _Transaction, member: _Member) -> None:
        """Hand the transaction to the next one and wait for its commit, or commit it for all."""
        transaction.members.append(member)
        if self._hand_over(transaction):
            member.wait()
        else:
            self._end(transaction)

    def _hand_over(self, transaction: _Transaction) -> bool:
        """Hand the transaction to the next one, if anybody waits and it takes more."""
        with self._mutex:
            if not (self._waiting and transaction.takes_more):
                return False
            heir = self._waiting.popleft()
            heir.transaction = transaction
        heir.let_go()
        return True

    def _end(self, transaction: _Transaction) -> None:
        try:
            transaction.commit()
        finally:
            self._let_next_in()
            for each in transaction.members:
                each.let_go()

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
