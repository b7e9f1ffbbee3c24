"""Where a transaction begins and ends: the only place that commits."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import Connection, Engine
from sqlmodel import Session

from folkmoot.kernel.db import GLANCING, LOCK_WAIT_SECONDS, READING
from folkmoot.kernel.group_commit import group_of
from folkmoot.kernel.statements import send_waiting

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Announcement:
    """A hint for the queue: there is work of this name, for this key, tried so often before."""

    name: str
    key: str
    attempts: int = 0


Announcer = Callable[[Announcement], None]


class UnitOfWork:
    """One transaction, and what is to happen once it has committed.

    It begins when it is first asked for: whoever only computes keeps nobody waiting.
    """

    def __init__(
        self, engine: Engine, *, until: ExitStack, keeps: bool, options: Mapping[str, object]
    ) -> None:
        """Work on a database `until` closes, and then keep what was done, or not."""
        self._engine = engine
        self._options = options
        self._until = until
        self._keeps = keeps
        self._group = group_of(engine) if keeps else None
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._after_commit: list[Callable[[], None]] = []
        self._announcements: dict[Announcement, None] = {}

    @property
    def engine(self) -> Engine:
        """The database that this works on."""
        return self._engine

    # Not cached properties: in Python 3.11 those share one lock, which a thread that waits for its
    # turn to write would hold against the one that has it.

    @property
    def connection(self) -> Connection:
        """The transaction as SQLAlchemy Core sees it, for statements that need no objects."""
        if self._connection is None:
            self._connection = self._begin()
        return self._connection

    @property
    def session(self) -> Session:
        """The same transaction with objects."""
        if self._session is None:
            if self._group is not None:
                # A flush that fails undoes what is ours, and not what others did before us.
                self._until.enter_context(self.connection.begin_nested())
            session = Session(
                self.connection,
                expire_on_commit=False,
                join_transaction_mode="rollback_only",
            )
            self._session = self._until.enter_context(session)
        return self._session

    def _begin(self) -> Connection:
        if self._group is not None:
            return self._until.enter_context(
                self._group.transaction(self._engine, patience_seconds=LOCK_WAIT_SECONDS)
            )
        connection = self._until.enter_context(self._engine.connect())
        if not self._keeps:
            connection = connection.execution_options(**self._options)
        transaction = connection.begin()
        # A reader on PostgreSQL cannot have written anything, and to roll back would cost its
        # connection every statement that it has prepared.
        if self._keeps or connection.dialect.name == "postgresql":
            self._until.enter_context(transaction)
        return connection

    def flush(self) -> None:
        """Write what was added to the session, and what waits on the connection."""
        if self._session is not None:
            self._session.flush()
        if self._connection is not None:
            send_waiting(self._connection)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run something after the commit; it must not need to succeed."""
        self._after_commit.append(action)

    def announce(self, announcement: Announcement) -> None:
        """Tell the queue after the commit, once for each name and key."""
        self._announcements[announcement] = None

    def settle(self, announcer: Announcer) -> None:
        """Run what was deferred; called by `unit_of_work` after the commit."""
        for action in self._after_commit:
            action()
        for announcement in self._announcements:
            announcer(announcement)


def stay_silent(_announcement: Announcement) -> None:
    """Tell nobody: the sweep finds the work in the database."""


@contextmanager
def unit_of_work(engine: Engine, announcer: Announcer = stay_silent) -> Iterator[UnitOfWork]:
    """Open a transaction, commit it if the block succeeds, then run what was deferred."""
    with ExitStack() as until:
        uow = UnitOfWork(engine, until=until, keeps=True, options={})
        yield uow
        uow.flush()
    uow.settle(announcer)


@contextmanager
def reading(engine: Engine) -> Iterator[UnitOfWork]:
    """Open a transaction that only reads; on SQLite it does not wait for the writer."""
    with ExitStack() as until:
        yield UnitOfWork(engine, until=until, keeps=False, options=READING)


@contextmanager
def glancing(engine: Engine) -> Iterator[UnitOfWork]:
    """Read by statements that each stand alone, which saves PostgreSQL a BEGIN and a COMMIT."""
    options = GLANCING if engine.dialect.name == "postgresql" else READING
    with ExitStack() as until:
        yield UnitOfWork(engine, until=until, keeps=False, options=options)
