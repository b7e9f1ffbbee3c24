"""Copy a database that is in use to a file, and bring such a file back."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlmodel import col, select

from audit.models import SignedCheckpoint, SubjectKey
from audit.notes import Checkpoint, Note
from audit.witnessing import cosigned_checkpoint
from folkmoot.backup.manifest import LogStand
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.unit_of_work import UnitOfWork, reading
from folkmoot.runtime.postgres_binaries import find_installation
from folkmoot.runtime.problems import StartupProblem

__all__ = ["DATABASE_FILES", "dump", "is_empty", "kind_of", "restore"]

# The keys of people are kept apart, and shorter (audit/subject_key_files.py).
KEYS = str(SubjectKey.__tablename__)
DATABASE_FILES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}


def kind_of(engine: Engine) -> str:
    """Return which kind of database this is, as DATABASE_FILES calls it."""
    return engine.url.get_backend_name()


def dump(engine: Engine, file: Path) -> LogStand:
    """Copy a database in use to a new file, without people's keys; return where its log stood."""
    if kind_of(engine) == "sqlite":
        return _dump_sqlite(engine, file)
    return _dump_postgresql(engine, file)


def restore(engine: Engine, file: Path) -> None:
    """Put what a file holds in the place of a database; a break leaves the old one or none."""
    if kind_of(engine) == "sqlite":
        _restore_sqlite(engine, file)
    else:
        _restore_postgresql(engine, file)


def is_empty(engine: Engine) -> bool:
    """Say whether there is no table, or not even a database file."""
    if kind_of(engine) == "sqlite" and not Path(str(engine.url.database)).exists():
        return True
    return not sa.inspect(engine).get_table_names()


def _stand(uow: UnitOfWork) -> LogStand:
    newest = select(col(SignedCheckpoint.size)).order_by(col(SignedCheckpoint.size).desc())
    size = uow.session.exec(newest.limit(1)).first()
    note = None if size is None else cosigned_checkpoint(uow, size=size)
    if note is None:
        return LogStand("", 0, "")
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    return LogStand(checkpoint.origin, checkpoint.size, note)


# SQLite.


def _dump_sqlite(engine: Engine, file: Path) -> LogStand:
    with (
        closing(sqlite3.connect(str(engine.url.database))) as source,
        closing(sqlite3.connect(file, isolation_level=None)) as copy,
    ):
        source.backup(copy)
        # One plain file; what was deleted is overwritten too.
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("PRAGMA secure_delete=ON")
        copy.execute(f'DELETE FROM "{KEYS}"')  # noqa: S608  # a name of ours
        copy.execute("VACUUM")
    copied = make_engine(f"sqlite:///{file}")
    try:
        with reading(copied) as uow:
            return _stand(uow)
    finally:
        copied.dispose()
        # Opening it in the application's way left it in WAL mode.
        with closing(sqlite3.connect(file)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")


def _restore_sqlite(engine: Engine, file: Path) -> None:
    engine.dispose()
    place = Path(str(engine.url.database))
    arriving = place.with_name(f".{place.name}.restoring")
    shutil.copyfile(file, arriving)
    with arriving.open("rb") as copied:
        os.fsync(copied.fileno())
    if place.exists():
        _fold_in_log(place)
        os.link(place, _free_name(place))
    arriving.replace(place)


def _fold_in_log(place: Path) -> None:
    """Leave no log beside a database that the next one would replay; refuse one in use."""
    try:
        with closing(sqlite3.connect(place)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            old.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise ConfigurationError(
            f"The database {place} is in use ({error}): stop every process of Folkmoot first."
        ) from error


def _free_name(place: Path) -> Path:
    """Return a name beside the database that nothing has yet."""
    number = 1
    while (name := place.with_name(f"{place.name}.replaced-{number}")).exists():
        number += 1
    return name


# PostgreSQL.


def _dump_postgresql(engine: Engine, file: Path) -> LogStand:
    with reading(engine) as uow:
        # One moment for what we read and for what pg_dump copies.
        uow.connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        snapshot = uow.connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one()
        stand = _stand(uow)
        _run(
            engine.url,
            "pg_dump",
            "--format=custom",
            f"--snapshot={snapshot}",
            f"--exclude-table-data={KEYS}",
            f"--file={file}",
        )
    return stand


def _restore_postgresql(engine: Engine, file: Path) -> None:
    engine.dispose()
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    # All or nothing: after a break the database is empty, and the restore can be run again.
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run(engine.url, "pg_restore", *options, f"--dbname={engine.url.database}", str(file))


def _run(url: URL, name: str, *arguments: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # PostgreSQL's own program, and words of ours
            (_program(name), *arguments),
            env={**os.environ, **_where(url)},
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be run: {error.strerror}.") from error
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise ConfigurationError(f"{name} failed: {reason[-1] if reason else done.returncode}")


def _program(name: str) -> str:
    """Return the program of the machine's newest PostgreSQL, else what the path has."""
    try:
        newest = Path(find_installation().program(name))
    except StartupProblem:
        newest = Path()
    found = str(newest) if newest.is_file() else shutil.which(name)
    if found is None:
        raise ConfigurationError(f"There is no {name} here; install PostgreSQL's client programs.")
    return found


def _where(url: URL) -> Mapping[str, str]:
    """Return the address as PostgreSQL's programs read it; no password stands in a command."""
    host = url.host or url.query.get("host")
    told = {
        "PGHOST": host if isinstance(host, str) else None,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    return {name: str(value) for name, value in told.items() if value is not None}
