"""Run a throw-away PostgreSQL, for tests and benchmarks, as any user, root included."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from folkmoot.runtime.postgres_binaries import BinarySource, find_installation
from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.processes import Child, Program

UNPRIVILEGED = Path(__file__).with_name("unprivileged.py")
SUPERUSER = "postgres"
CONNECT_TIMEOUT_SECONDS = 2
START_TIMEOUT_SECONDS = 30.0
# Tests want speed: after a crash of the machine nobody misses their data.
SETTINGS_OF_HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Identity(StrEnum):
    """As whom the server runs; it refuses to run as root."""

    OURSELVES = "ourselves"
    NAMESPACE = "namespace"
    NOBODY = "nobody"


class TemporaryPostgres:
    """A PostgreSQL server in a new folder, gone with its data when stopped.

    It listens on a socket in its folder alone, so it needs no port and no password.
    `durable` keeps the safety of a real server, for benchmarks.
    """

    def __init__(
        self,
        source: BinarySource = BinarySource.ANY,
        *,
        durable: bool = False,
        identity: Identity | None = None,
    ) -> None:
        """Choose the programs and the user. Raises StartupProblem when there is no PostgreSQL."""
        self._installation = find_installation(source)
        self._identity = identity or _fitting_identity()
        self._settings = {} if durable else SETTINGS_OF_HASTE
        # A short path, because a socket lies in it.
        self.folder = Path(tempfile.mkdtemp(prefix="folkmoot-pg-", dir="/tmp"))
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Return the address of the server's own database, for SQLAlchemy."""
        return self.url_of(SUPERUSER)

    def url_of(self, database: str) -> str:
        """Return the address of a database, for SQLAlchemy."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.folder}"

    def start(self) -> Self:
        """Make the server and wait until it answers. Raises StartupProblem when it does not."""
        self._child = Child(self.prepare())
        self._child.wait_until_ready()
        return self

    def prepare(self) -> Program:
        """Make the data folder, and return the server as a program that a supervisor can run."""
        if self._identity is Identity.NOBODY:
            self._open_to_nobody()
        self._initialise()
        return self._program()

    def stop(self) -> None:
        """Stop the server and remove its data."""
        if self._child is not None:
            self._child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, name: str) -> str:
        """Make an empty database and return its address."""
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, ending the connections to it."""
        statement = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        with self._connect() as connection:
            connection.execute(statement)

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def __enter__(self) -> Self:
        try:
            return self.start()
        except StartupProblem:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.folder),
            user=SUPERUSER,
            dbname=SUPERUSER,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
        )

    def _open_to_nobody(self) -> None:
        self.folder.chmod(0o711)
        if not self._installation.is_open_to_everyone():
            self._installation = self._installation.copied_to(self.folder)
        shutil.chown(self.folder, "nobody")

    def _initialise(self) -> None:
        """Make the data folder, without locales: the wheels carry none."""
        options = ("--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust")
        initdb = (self._installation.program("initdb"), *options, "-U", SUPERUSER, "-D", self._data)
        made = subprocess.run(  # noqa: S603 - the program that we have just found
            self._as_identity(*initdb), env=_environment(), capture_output=True, check=False
        )
        if made.returncode != 0:
            reason = made.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise StartupProblem(f"PostgreSQL could not make its data folder: {reason}.")

    def _program(self) -> Program:
        # Parallel test processes each have a server: small buffers, no network.
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "shared_buffers": "32MB",
            **self._settings,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        postgres = (self._installation.program("postgres"), "-D", self._data, *options)
        return Program(
            name="PostgreSQL",
            argv=self._as_identity(*postgres),
            environment={"LC_ALL": "C"},
            log=self.folder / "postgres.log",
            ready=self.answers,
            ready_timeout_seconds=START_TIMEOUT_SECONDS,
            # A "fast shutdown": SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
        )

    def _as_identity(self, *argv: str) -> tuple[str, ...]:
        return _as_identity(self._identity, argv)


def _as_identity(identity: Identity, argv: tuple[str, ...]) -> tuple[str, ...]:
    if identity is Identity.OURSELVES:
        return argv
    return (sys.executable, "-I", "-S", str(UNPRIVILEGED), identity.value, *argv)


def _fitting_identity() -> Identity:
    """Return ourselves, or for root a namespace where the machine allows one."""
    if os.geteuid() != 0:
        return Identity.OURSELVES
    trial = _as_identity(Identity.NAMESPACE, ("/bin/sh", "-c", "exit 0"))
    allowed = sys.platform == "linux" and _succeeds(trial)
    return Identity.NAMESPACE if allowed else Identity.NOBODY


def _succeeds(argv: tuple[str, ...]) -> bool:
    finished = subprocess.run(argv, capture_output=True, check=False)  # noqa: S603 - our own words
    return finished.returncode == 0


def _environment() -> dict[str, str]:
    """Return our environment in the C locale: macOS's others start threads, which postgres bars."""
    return {**os.environ, "LC_ALL": "C"}
