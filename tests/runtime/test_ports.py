import socket
from collections.abc import Iterator

import pytest

from folkmoot.runtime import ports
from folkmoot.runtime.problems import StartupProblem


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_can_be_listened_on() -> None:
    port = ports.free_port()

    ports.require_free_port(port)
    assert not ports.accepts_connections(port)


def test_a_taken_port_is_told_in_one_sentence(taken_port: int) -> None:
    with pytest.raises(StartupProblem, match=rf"^Port {taken_port} on 127.0.0.1 is already in use"):
        ports.require_free_port(taken_port)

    assert ports.accepts_connections(taken_port)


def test_a_port_just_left_by_its_server_is_free(taken_port: int) -> None:
    # The connection's end lingers in TIME_WAIT, which keeps no server from starting.
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection((ports.LOOPBACK, port))
        accepted, _ = server.accept()
        accepted.close()
        client.close()

    ports.require_free_port(port)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_an_impossible_port_is_told(port: int) -> None:
    with pytest.raises(StartupProblem, match=f"port {port} of 127.0.0.1"):
        ports.require_free_port(port)
