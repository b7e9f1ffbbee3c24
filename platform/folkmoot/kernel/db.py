"""Engines for SQLite and PostgreSQL, and what every table shares.

Import this module before any table is defined: it names the constraints.
"""

import sqlite3
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import SQLModel

from folkmoot.kernel.errors import ConfigurationError

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# A reader on SQLite must not queue behind the writer; see `_begin`.
READ_ONLY = "folkmoot_read_only"
LOCK_WAIT_SECONDS = 30


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
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own late BEGIN breaks savepoints, so it is switched off; `_begin` sends ours.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _postgresql_engine(url: str) -> Engine:
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=10,
        connect_args={
            "options": f"-c timezone=UTC -c lock_timeout={LOCK_WAIT_SECONDS}s",
            "connect_timeout": 10,
        },
    )
