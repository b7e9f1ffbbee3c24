"""Find a free port on this machine, or say that the wanted one is taken."""

import errno
import socket

from folkmoot.runtime.problems import StartupProblem

LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT_SECONDS = 1.0


def free_port(host: str = LOOPBACK) -> int:
    """Return a port that nobody listens on now; another process may still be quicker to take it."""
    with _listening_socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free_port(port: int, host: str = LOOPBACK) -> None:
    """Raise StartupProblem when a server could not listen on the port."""
    with _listening_socket() as probe:
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise StartupProblem(f"Port {port} is reserved for the administrator.") from error
        except (OSError, OverflowError) as error:
            raise StartupProblem(_why_not(error, host, port)) from error


def accepts_connections(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server listens on the port."""
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True


def _listening_socket() -> socket.socket:
    """Return a socket that, like a server's, may take over a port of connections just closed."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return probe


def _why_not(error: OSError | OverflowError, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is already in use; choose another one or stop its owner."
    return f"No server can listen on port {port} of {host}: {error}."
