"""Databases that are filled anew for each trial, from one that was filled once.

Their engines stay, and with them every statement that they have compiled: that is most of the time
that a trial in a database of its own would take. Nothing here outlives the machine.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import URL, Engine

from folkmoot.bench.databases import engine_of
from folkmoot.bench.tamper_history import History
from folkmoot.kernel.schema import upgrade_database
from folkmoot.runtime.postgres import TemporaryPostgres

# Where the database of a name is, whether it is there yet or not.
Address = Callable[[str], str]
# What each table of a database holds.
Rows = Mapping[str, bytes]
# A header, and a mark for the end.
EMPTY_COPY_BYTES = 21
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@contextmanager
def hasty_place(kind: str, folder: Path) -> Iterator[Address]:
    """Give a place for databases that need not outlive the machine: nothing is timed here."""
    if kind == "sqlite":
        yield lambda name: f"sqlite:///{folder / name}.sqlite"
        return
    with TemporaryPostgres() as server:
        yield server.url_of


class Copies:
    """Databases for one trial at a time; the next trial takes them again."""

    def __init__(self, kind: str, address: Address, stack: ExitStack) -> None:
        self.kind = kind
        self.address = address
        self._stack = stack
        self._schema: Engine | None = None
        self._engines: list[Engine] = []
        self._n_taken = 0

    def empty(self, name: str) -> Engine:
        """Make a database with the whole schema, that stays."""
        if self._schema is None:
            self._schema = self._opened("schema", template="template0")
            upgrade_database(self._schema)
        return self._made(name)

    def begin_trial(self) -> None:
        """Take back what the last trial had."""
        self._n_taken = 0

    def copy(self, history: History) -> History:
        """Return a copy of a history in a database of its own, until the next trial begins."""
        if self._n_taken == len(self._engines):
            self._engines.append(self._made(f"trial_{self._n_taken}"))
        engine = self._engines[self._n_taken]
        self._n_taken += 1
        self._fill(engine, history.engine)
        return replace(history, engine=engine, witnesses=list(history.witnesses))

    def _made(self, name: str) -> Engine:
        """Make a database with the whole schema and nothing in it."""
        if self._schema is None:
            raise RuntimeError("a copy was asked for before there was anything to copy")
        # A database that somebody is connected to cannot be a template.
        self._schema.dispose()
        engine = self._opened(name, template="schema")
        if self.kind == "sqlite":
            self._fill(engine, self._schema)
        return engine

    def _opened(self, name: str, *, template: str) -> Engine:
        engine = self._stack.enter_context(engine_of(self.address(name)))
        if self.kind == "sqlite":
            sa.event.listen(engine, "connect", _do_not_wait_for_the_disk)
        else:
            _create(engine.url, name, template=template)
        return engine

    def _fill(self, engine: Engine, source: Engine) -> None:
        if self.kind == "sqlite":
            source.dispose()  # folds SQLite's log into its file
            engine.dispose()
            shutil.copyfile(str(source.url.database), str(engine.url.database))
        else:
            _write(engine, _read(source))


def _do_not_wait_for_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _create(server: URL, name: str, *, template: str) -> None:
    host, user = str(server.query["host"]), str(server.username)
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(host=host, user=user, dbname=user, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def _read(engine: Engine) -> Rows:
    """Return all that is in a database, by table, as PostgreSQL copies it."""
    found = {}
    with _driver(engine) as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            out = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(str(table)))
            with connection.cursor().copy(out) as copied:
                found[str(table)] = b"".join(bytes(part) for part in copied)
    return found


def _write(engine: Engine, rows: Rows) -> None:
    """Put rows in the place of all that is in a database."""
    with _driver(engine) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        tables = [sql.Identifier(table) for table in rows]
        delete = sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(one) for one in tables)
        connection.execute(delete)
        for table, content in zip(tables, rows.values(), strict=True):
            if len(content) > EMPTY_COPY_BYTES:
                into = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)
                with connection.cursor().copy(into) as copied:
                    copied.write(content)


@contextmanager
def _driver(engine: Engine) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError("this is no connection to PostgreSQL")
        yield driver
