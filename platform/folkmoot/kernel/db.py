"""Engines for SQLite and PostgreSQL, and what every table shares.

Import this module before any table is defined: it names the constraints.
"""

import sqlite3
from enum import StrEnum
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import SQLModel

from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.statements import forget_waiting, send_waiting
from folkmoot.kernel.writer_queue import WriterQueue, queue_of

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# A reader on SQLite must not queue behind the writer; see `_begin`.
READ_ONLY = "folkmoot_read_only"
# The options of a connection that only reads; PostgreSQL refuses a write there.
READING = {READ_ONLY: True, "postgresql_readonly": True}
# The same where every statement of PostgreSQL's is a transaction of its own.
GLANCING = {"isolation_level": "AUTOCOMMIT"}
LOCK_WAIT_SECONDS = 30
# As many as a process of the web server has threads, and some to spare.
POOL_SIZE = 10
REST_SECONDS = 1.0
# What a pooled connection knows of itself.
_WRITES = "folkmoot_writes"
_RESTS_SINCE = "folkmoot_rests_since"


def enum_type(choices: type[StrEnum]) -> sa.Enum:
    """Return a column type that stores the lower-case values, alike on both databases."""
    return sa.Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def make_engine(url: str) -> Engine:
    """Return an engine for a database address, set up so that both databases keep our promises."""
    try:
        backend = make_url(url).get_backend_name()
    except ArgumentError as error:
        raise ConfigurationError(
            "FOLKMOOT_DATABASE_URL is not a database address, such as sqlite:///folkmoot.sqlite."
        ) from error
    if backend == "sqlite":
        return _sqlite_engine(url)
    if backend == "postgresql":
        return _postgresql_engine(url)
    raise ConfigurationError(f"Folkmoot runs on SQLite or PostgreSQL, not on {backend!r}.")


def _sqlite_engine(url: str) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS})
    database = engine.url.database
    is_file = database not in (None, "", ":memory:")
    queue = queue_of(Path(str(database)).resolve() if is_file else None)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", partial(_begin, queue))
    # The only moment that follows every end of a transaction, however it ended.
    sa.event.listen(engine, "checkin", partial(_leave, queue))
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own late BEGIN breaks savepoints, so it is switched off; `_begin` sends ours.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(queue: WriterQueue, connection: Connection) -> None:
    if connection.get_execution_options().get(READ_ONLY, False):
        return _send(connection, "BEGIN")
    if _WRITES not in connection.info:
        if not queue.enter(patience_seconds=LOCK_WAIT_SECONDS):
            raise _locked(sqlite3.OperationalError("database is locked by a thread of ours"))
        connection.info[_WRITES] = True
    return _send(connection, "BEGIN IMMEDIATE")


def _send(connection: Connection, sql: str) -> None:
    try:
        connection.connection.cursor().execute(sql)
    except sqlite3.OperationalError as error:
        raise _locked(error) from error


def _locked(error: sqlite3.OperationalError) -> OperationalError:
    return OperationalError("BEGIN IMMEDIATE", None, error)


def _leave(queue: WriterQueue, _connection: object, record: ConnectionPoolEntry) -> None:
    if record.info.pop(_WRITES, False):
        queue.leave()


def _postgresql_engine(url: str) -> Engine:
    settings = {
        "timezone": "UTC",
        "lock_timeout": f"{LOCK_WAIT_SECONDS}s",
        # A statement here takes a millisecond. Where the planner overestimates one in a large
        # table, starting helper processes or a compiler for it takes ten to eighty.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    engine = sa.create_engine(
        url, pool_size=POOL_SIZE, connect_args={"options": options, "connect_timeout": 10}
    )
    _send_what_waits(engine)
    sa.event.listen(engine, "checkin", _note_rest)
    sa.event.listen(engine, "checkout", partial(_ask_if_alive, engine.dialect))
    return engine


def _send_what_waits(engine: Engine) -> None:
    """Send the changes that wait (`Statement.later`) before anything that could miss them."""

    def send(connection: Connection, *_: object) -> None:
        send_waiting(connection)

    def forget(connection: Connection, *_: object) -> None:
        if not connection.invalidated:  # what waited on a connection that died is gone with it
            forget_waiting(connection.info)

    def forget_at_rest(_connection: object, record: ConnectionPoolEntry) -> None:
        forget_waiting(record.info)  # nobody may have said how the transaction ended

    for event in ("before_cursor_execute", "commit", "savepoint", "release_savepoint"):
        sa.event.listen(engine, event, send)
    for event in ("rollback", "rollback_savepoint"):
        sa.event.listen(engine, event, forget)
    sa.event.listen(engine, "checkin", forget_at_rest)


def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_RESTS_SINCE] = monotonic()


def _ask_if_alive(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object
) -> None:
    """Ask a connection that has rested whether it still lives; a busy one shows it by itself.

    To ask every time, as `pool_pre_ping` does, costs each transaction a round trip.
    """
    rests_since = record.info.get(_RESTS_SINCE)
    if rests_since is None or monotonic() - rests_since < REST_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError("A connection died while it rested.") from error
