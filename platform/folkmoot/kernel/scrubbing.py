"""Leave nothing of deleted rows in the database's files.

A database marks deleted bytes as free and keeps them. Here it writes its tables anew, without
them. That takes as long as copying the tables does, and on PostgreSQL locks each one meanwhile.
"""

import sqlite3
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from folkmoot.kernel.db import LOCK_WAIT_SECONDS
from folkmoot.kernel.errors import Unavailable

__all__ = ["scrub_database", "tidy_database"]


def tidy_database(engine: Engine, *, tables: Iterable[str]) -> None:
    """Let PostgreSQL drop deleted rows of these tables from their pages; it locks nobody out.

    Their bytes may stay in free space until that is used again; `scrub_database` leaves none. Of
    tables that are another role's, PostgreSQL warns and passes them over. SQLite has no such step.
    """
    if engine.dialect.name == "postgresql":
        _vacuum(engine, tables, "VACUUM")


def scrub_database(engine: Engine, *, tables: Iterable[str]) -> None:
    """Write the file (SQLite) or these tables (PostgreSQL) anew, without what was deleted.

    Raise Unavailable where others use the database so busily that it cannot be done now. Of
    PostgreSQL's write-ahead log nothing can be said: it is reused and archived in its own time.
    """
    if engine.dialect.name == "sqlite":
        _scrub_sqlite(engine)
    else:
        _vacuum(engine, tables, "VACUUM FULL")


def _scrub_sqlite(engine: Engine) -> None:
    pooled = engine.raw_connection()
    try:
        driver = pooled.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("a SQLite engine has SQLite connections")
        driver.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")
        # VACUUM writes the new pages to the write-ahead log, and the checkpoint empties that.
        driver.execute("VACUUM")
        (is_busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        raise Unavailable("The database is too busy to be written anew; try again.") from error
    finally:
        pooled.close()
    if is_busy:
        raise Unavailable("Somebody reads the database, so its write-ahead log stays; try again.")


def _vacuum(engine: Engine, tables: Iterable[str], how: str) -> None:
    quoted = [engine.dialect.identifier_preparer.quote(name) for name in sorted(tables)]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in quoted:
            connection.execute(sa.text(f"{how} {name}"))
