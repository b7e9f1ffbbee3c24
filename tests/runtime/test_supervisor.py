import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from folkmoot.runtime.ports import free_port
from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.processes import Program
from folkmoot.runtime.restarts import RestartLimit
from folkmoot.runtime.supervisor import Stopped, Supervisor
from tests.runtime.conftest import Eventually, Family, RunScript

SUPERVISE = """
from folkmoot.runtime.processes import Program
from folkmoot.runtime.supervisor import Supervisor
Supervisor([
    Program(name="family", argv={argv!r}, grace_seconds=0.3),
    Program(name="sleeper", argv=("/bin/sleep", "60")),
]).run_forever()
print("clean end")
"""

SAY_BYE = (
    'trap "echo {name} >>{log}; exit 0" TERM; touch {log}.{name}; while :; do sleep 0.02; done'
)

WSGI_APPLICATION = """
import os

def app(environ, start_response):
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""


MakeProgram = Callable[[str], Program]


@pytest.fixture
def polite(tmp_path: Path) -> MakeProgram:
    """Make programs that write their name when they are asked to stop."""

    def make(name: str) -> Program:
        log = tmp_path / "byes"
        return Program(
            name=name,
            argv=("/bin/sh", "-c", SAY_BYE.format(name=name, log=log)),
            ready=Path(f"{log}.{name}").exists,
        )

    return make


def byes(folder: Path) -> list[str]:
    said = folder / "byes"
    return said.read_text().split() if said.exists() else []


def test_programs_stop_in_reverse_order(polite: MakeProgram, tmp_path: Path) -> None:
    with Supervisor([polite("first"), polite("second")]) as supervisor:
        supervisor.start(polite("third"))

    assert byes(tmp_path) == ["third", "second", "first"]


def test_programs_stop_when_the_work_fails(polite: MakeProgram, tmp_path: Path) -> None:
    with pytest.raises(LookupError), Supervisor([polite("first")]):
        raise LookupError

    assert byes(tmp_path) == ["first"]


def test_programs_stop_when_a_later_one_cannot_start(polite: MakeProgram, tmp_path: Path) -> None:
    broken = Program(name="web", argv=("/bin/sh", "-c", "exit 3"), ready=lambda: False)

    with pytest.raises(StartupProblem, match=r"^web stopped while starting"):
        Supervisor([polite("first"), broken]).run_forever()

    assert byes(tmp_path) == ["first"]


def test_a_killed_program_starts_again_without_its_old_family(
    family: Family, eventually: Eventually
) -> None:
    told: list[str] = []

    with Supervisor([family.program], tell=told.append):
        former = family.pids()
        os.kill(family.head(), signal.SIGKILL)
        assert eventually(lambda: family.has_new_life_after(former))
        assert set(family.alive()) == set(family.pids()) - set(former)

    assert family.is_gone()
    assert told == ["family stopped (ended by signal 9); starting it again."]


def test_a_program_whose_reaper_is_killed_starts_again(
    family: Family, eventually: Eventually
) -> None:
    with Supervisor([family.program]):
        former = family.pids()
        os.kill(os.getsid(family.head()), signal.SIGKILL)
        assert eventually(lambda: family.has_new_life_after(former))


def test_a_program_that_keeps_dying_ends_all_with_one_sentence(
    polite: MakeProgram, tmp_path: Path
) -> None:
    dying = Program(name="web", argv=("/bin/sh", "-c", "exit 3"), log=tmp_path / "web.log")
    limit = RestartLimit(deaths=2)
    told: list[str] = []

    with pytest.raises(
        StartupProblem, match=r"^web keeps stopping \(exit status 3\); see .*web.log"
    ):
        Supervisor([polite("first"), dying], limit=limit, tell=told.append).run_forever()

    assert len(told) == 2
    assert byes(tmp_path) == ["first"]


def test_a_program_that_keeps_dying_interrupts_the_work() -> None:
    dying = Program(name="web", argv=("/bin/sh", "-c", "exit 3"))
    started = time.monotonic()

    with pytest.raises(StartupProblem), Supervisor([dying], limit=RestartLimit(deaths=1)):
        time.sleep(60)

    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped)]
)
def test_a_signal_interrupts_the_work_and_stops_all(
    number: signal.Signals, raised: type[BaseException], polite: MakeProgram, tmp_path: Path
) -> None:
    former_handler = signal.getsignal(number)

    with pytest.raises(raised), Supervisor([polite("first")]):  # noqa: PT012 - the wait is the work
        os.kill(os.getpid(), number)
        time.sleep(60)

    assert byes(tmp_path) == ["first"]
    assert signal.getsignal(number) is former_handler


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_supervisor_cleanly(
    number: signal.Signals, family: Family, run_script: RunScript, eventually: Eventually
) -> None:
    supervisor = run_script(SUPERVISE.format(argv=family.argv))
    assert eventually(family.is_complete)
    time.sleep(0.2)

    supervisor.send_signal(number)
    output, _ = supervisor.communicate(timeout=30)

    assert (output, supervisor.returncode) == ("clean end\n", 0)
    assert family.is_gone()


def test_a_second_signal_kills_what_takes_its_time(
    family: Family, run_script: RunScript, eventually: Eventually
) -> None:
    source = SUPERVISE.format(argv=family.argv)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    argv = (sys.executable, "-S", "-c", stubborn)
    supervisor = run_script(source.replace('("/bin/sleep", "60")', repr(argv)))
    assert eventually(family.is_complete)
    time.sleep(0.3)

    supervisor.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    supervisor.send_signal(signal.SIGTERM)

    supervisor.communicate(timeout=9)
    assert family.is_gone()


def test_nothing_survives_a_killed_supervisor(
    family: Family, run_script: RunScript, eventually: Eventually
) -> None:
    supervisor = run_script(SUPERVISE.format(argv=family.argv))
    assert eventually(family.is_complete)
    others = psutil.Process(supervisor.pid).children(recursive=True)

    supervisor.kill()

    assert len(others) >= 4
    assert eventually(family.is_gone)
    assert eventually(lambda: not any(process.is_running() for process in others))


@pytest.fixture
def granian(tmp_path: Path) -> Program:
    """The web server with two worker processes on a small application."""
    (tmp_path / "small_application.py").write_text(WSGI_APPLICATION)
    port = free_port()
    command = (sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2")
    where = ("--working-dir", str(tmp_path), "--port", str(port), "small_application:app")
    url = f"http://127.0.0.1:{port}/"
    return Program(
        name="web",
        argv=(*command, *where),
        environment={"SERVER_URL": url},
        log=tmp_path / "web.log",
        ready=lambda: page_at(url) is not None,
    )


def page_at(url: str) -> str | None:
    """Return what the server answers: the number of the process that did."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return str(response.read().decode())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def test_a_killed_granian_leaves_no_worker_on_its_port(
    granian: Program, eventually: Eventually
) -> None:
    url = granian.environment["SERVER_URL"]
    with Supervisor() as supervisor:
        reaper = psutil.Process(supervisor.start(granian).pid)
        (master,) = reaper.children()
        assert eventually(lambda: len(master.children()) >= 2)
        former = [reaper, master, *master.children()]
        os.kill(master.pid, signal.SIGKILL)
        assert eventually(lambda: not any(process.is_running() for process in former))
        assert eventually(lambda: page_at(url) is not None)

    assert page_at(url) is None


def test_granian_ends_with_its_killed_supervisor(
    granian: Program, run_script: RunScript, eventually: Eventually
) -> None:
    program = {"name": "web", "argv": granian.argv, "grace_seconds": 5.0}
    supervisor: subprocess.Popen[str] = run_script(
        "from folkmoot.runtime.processes import Program\n"
        "from folkmoot.runtime.supervisor import Supervisor\n"
        f"Supervisor([Program(**{program!r})]).run_forever()\n"
    )
    assert granian.ready is not None
    assert eventually(granian.ready)
    family = psutil.Process(supervisor.pid).children(recursive=True)

    supervisor.kill()

    assert len(family) >= 4
    assert eventually(lambda: not any(process.is_running() for process in family))
