import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from folkmoot.runtime.problems import StartupProblem
from folkmoot.runtime.processes import REAPER_MARGIN_SECONDS, Child, Program
from tests.runtime.conftest import Eventually, Family, RunScript

SLEEP = ("/bin/sleep", "60")

STARTER = """
import time
from folkmoot.runtime.processes import Child, Program
child = Child(Program(name="family", argv={argv!r}, grace_seconds=0.3))
print("started", flush=True)
time.sleep(60)
"""

STARTER_WITH_A_FORKED_COPY = """
import os, time
from folkmoot.runtime.processes import Child, Program
child = Child(Program(name="family", argv={argv!r}, grace_seconds=0.3))
copy = os.fork()
if copy != 0:
    print(copy, flush=True)
time.sleep(60)
"""


def test_a_stopped_program_takes_its_whole_family_along(family: Family) -> None:
    child = Child(family.program).wait_until_ready()

    child.stop()

    assert family.is_gone()
    assert child.exit_status() == 128 + signal.SIGTERM


def test_a_killed_program_takes_its_whole_family_along(
    family: Family, eventually: Eventually
) -> None:
    child = Child(family.program).wait_until_ready()

    os.kill(family.head(), signal.SIGKILL)

    assert eventually(lambda: child.exit_status() is not None)
    assert family.is_gone()
    assert child.exit_status() == 128 + signal.SIGKILL


def test_a_killed_reaper_takes_the_session_of_its_program_along(
    family: Family, eventually: Eventually
) -> None:
    child = Child(family.program).wait_until_ready()
    daemons = [pid for pid in family.pids() if os.getsid(pid) != child.pid]

    os.kill(child.pid, signal.SIGKILL)

    assert eventually(lambda: child.exit_status() is not None)
    assert family.alive() == daemons


def test_a_family_ends_when_its_starter_is_killed(
    family: Family, run_script: RunScript, eventually: Eventually
) -> None:
    starter = run_script(STARTER.format(argv=family.argv))
    assert eventually(family.is_complete)

    starter.kill()

    assert eventually(family.is_gone)


@pytest.mark.skipif(sys.platform != "linux", reason="without a signal it takes a second")
def test_a_forked_copy_of_a_killed_starter_does_not_keep_the_family(
    family: Family, run_script: RunScript, eventually: Eventually
) -> None:
    starter = run_script(STARTER_WITH_A_FORKED_COPY.format(argv=family.argv))
    assert starter.stdout is not None
    copy = int(starter.stdout.readline())
    assert eventually(family.is_complete)

    starter.kill()

    assert eventually(family.is_gone)
    os.kill(copy, signal.SIGKILL)


def test_a_program_outlives_the_thread_that_started_it(family: Family) -> None:
    started: list[Child] = []
    thread = threading.Thread(
        # Once the family is complete, its reaper has asked for the hint that a thread ended.
        target=lambda: started.append(Child(family.program).wait_until_ready())
    )
    thread.start()
    thread.join()

    with started[0] as child:
        time.sleep(0.3)
        assert child.exit_status() is None
        assert len(family.alive()) == 3


def test_a_forked_copy_of_us_cannot_stop_the_program() -> None:
    with Child(Program(name="sleeper", argv=SLEEP)) as child:
        copy = os.fork()
        if copy == 0:
            child.ask_to_stop()
            child.stop()
            os._exit(0)
        os.waitpid(copy, 0)

        time.sleep(0.2)
        assert child.exit_status() is None


def test_a_program_that_does_not_exist_is_named() -> None:
    with pytest.raises(StartupProblem, match=r"^web cannot start: there is no /nowhere\.$"):
        Child(Program(name="web", argv=("/nowhere",)))


def test_a_program_that_fails_to_start_is_quoted(tmp_path: Path) -> None:
    argv = ("/bin/sh", "-c", "echo first; echo the port is taken; echo; exit 3")
    program = Program(name="web", argv=argv, log=tmp_path / "logs/web.log", ready=lambda: False)

    with pytest.raises(StartupProblem, match=r"web stopped.*\(exit status 3\).*the port is taken$"):
        Child(program).wait_until_ready()


def test_a_program_that_stays_silent_is_stopped() -> None:
    program = Program(
        name="web", argv=SLEEP, ready=lambda: False, ready_timeout_seconds=0.1, grace_seconds=1
    )
    child = Child(program)

    with pytest.raises(StartupProblem, match=r"^web did not answer in 0.1 seconds\.$"):
        child.wait_until_ready()

    assert child.exit_status() is not None


def test_a_program_gets_its_own_signal_environment_and_log(
    tmp_path: Path, eventually: Eventually
) -> None:
    log = tmp_path / "log"
    script = 'trap "echo bye $WHOM; exit 0" INT; echo up; while :; do sleep 0.05; done'
    program = Program(
        name="polite",
        argv=("/bin/sh", "-c", script),
        environment={"WHOM": "world"},
        log=log,
        ready=lambda: log.exists() and "up" in log.read_text(),
        stop_signal=signal.SIGINT,
    )

    with Child(program).wait_until_ready() as child:
        pass

    assert log.read_text() == "up\nbye world\n"
    assert child.exit_status() == 0


def stubborn_program(folder: Path, grace_seconds: float) -> Program:
    """Return a program that ignores SIGTERM, and says in a file when it does."""
    told = folder / "deaf"
    script = (
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
    )
    argv = (sys.executable, "-S", "-c", script, str(told))
    return Program(name="stubborn", argv=argv, ready=told.exists, grace_seconds=grace_seconds)


def test_a_program_that_ignores_its_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = Child(stubborn_program(tmp_path, grace_seconds=0.2)).wait_until_ready()
    asked = time.monotonic()

    child.stop()

    assert child.exit_status() == 128 + signal.SIGKILL
    assert time.monotonic() - asked < REAPER_MARGIN_SECONDS


def test_a_program_that_ignores_its_signal_is_killed_when_asked_again(tmp_path: Path) -> None:
    started = time.monotonic()
    with Child(stubborn_program(tmp_path, grace_seconds=60.0)).wait_until_ready() as child:
        child.ask_to_stop()
        time.sleep(0.1)
        child.ask_to_stop()

    assert child.exit_status() == 128 + signal.SIGKILL
    assert time.monotonic() - started < 30
