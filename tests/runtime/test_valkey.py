import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
import redis

from folkmoot.runtime import valkey
from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.processes import Child
from folkmoot.runtime.valkey import EmbeddedValkey
from tests.runtime.conftest import Eventually, RunScript


def server_of(child: Child) -> psutil.Process:
    return psutil.Process(child.pid).children()[0]


def test_a_killed_server_keeps_what_it_acknowledged(tmp_path: Path, eventually: Eventually) -> None:
    server = EmbeddedValkey(tmp_path)
    with Child(server.program).wait_until_ready() as first:
        client = redis.Redis.from_url(server.url)
        for number in range(500):
            client.set(f"key{number}", number)
        os.kill(server_of(first).pid, signal.SIGKILL)
        assert eventually(lambda: first.exit_status() is not None)

    with server:
        assert redis.Redis.from_url(server.url).dbsize() == 500


def test_a_server_listens_on_no_port(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)

    with Child(server.program).wait_until_ready() as child:
        assert server_of(child).net_connections(kind="inet") == []
        assert server.socket.stat().st_mode & 0o777 == 0o700


def test_a_server_works_in_a_folder_with_a_long_name(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / ("long" * 30))

    with server:
        assert redis.Redis.from_url(server.url).ping()

    assert not server.socket.parent.exists()


def test_two_servers_in_one_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "PREDECESSOR_TIMEOUT_SECONDS", 0.1)

    with (
        EmbeddedValkey(tmp_path),
        pytest.raises(
            StartupProblem, match=rf"^Another Valkey is running in the folder {tmp_path}"
        ),
    ):
        EmbeddedValkey(tmp_path).start()


def test_a_server_that_cannot_read_its_data_says_why(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path):
        pass
    next(tmp_path.glob("appendonlydir/*.manifest")).write_text("spoilt")

    with pytest.raises(StartupProblem, match=r"^Valkey stopped while starting.*: .+"):
        EmbeddedValkey(tmp_path).start()


def test_a_server_ends_when_its_starter_is_killed(
    tmp_path: Path, run_script: RunScript, eventually: Eventually
) -> None:
    source = (
        "import pathlib, time; from folkmoot.runtime.valkey import EmbeddedValkey\n"
        f"server = EmbeddedValkey(pathlib.Path({str(tmp_path / 'data')!r})).start()\n"
        "print('up', flush=True); time.sleep(60)"
    )
    starter: subprocess.Popen[str] = run_script(source)
    assert starter.stdout is not None
    assert starter.stdout.readline() == "up\n"
    family = psutil.Process(starter.pid).children(recursive=True)

    starter.kill()

    assert len(family) == 2
    assert eventually(lambda: not any(process.is_running() for process in family))
