"""A database for each trial: a copy of one that was filled once."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from folkmoot.bench.databases import engine_of, fresh_database
from folkmoot.bench.tamper_history import History
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.schema import upgrade_database
from folkmoot.runtime.postgres import TemporaryPostgres


@contextmanager
def hasty_database(kind: str) -> Iterator[str]:
    """Make a database that need not outlive the machine: nothing is timed here."""
    if kind == "sqlite":
        with fresh_database(kind) as url:
            yield url
        return
    with TemporaryPostgres() as server:
        url = server.create_database("bench")
        with engine_of(url) as engine:
            upgrade_database(engine)
        yield url


def _copy_file(history: History, folder: Path) -> str:
    copy = folder / f"{new_id()}.sqlite"
    source, target = sqlite3.connect(str(history.engine.url.database)), sqlite3.connect(copy)
    with source, target:
        source.backup(target)
    source.close()
    target.close()
    return f"sqlite:///{copy}"


def _copy_on_server(history: History, _folder: Path) -> str:
    url, name = history.engine.url, f"copy_{new_id().hex}"
    # A database that somebody is connected to cannot be copied.
    history.engine.dispose()
    host, user = str(url.query["host"]), str(url.username)
    with psycopg.connect(host=host, user=user, dbname=user, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(str(url.database))
            )
        )
    return url.set(database=name).render_as_string(hide_password=False)


COPIES: dict[str, Callable[[History, Path], str]] = {
    "sqlite": _copy_file,
    "postgres": _copy_on_server,
}
