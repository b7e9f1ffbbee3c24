import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from folkmoot.runtime import reaper
from folkmoot.runtime.processes import REAPER
from tests.runtime.conftest import Eventually, Family


def start_reaper(*argv: str, grace_seconds: float = 0.3) -> subprocess.Popen[str]:
    orders = (os.getpid(), int(signal.SIGTERM), grace_seconds)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(REAPER), *map(str, orders), *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )


def output_of(process: subprocess.Popen[str]) -> str:
    """Read what an ended process said; `communicate` would close its lifeline."""
    return process.stdout.read() if process.stdout is not None else ""


def test_the_end_of_the_lifeline_ends_the_family(family: Family, eventually: Eventually) -> None:
    process = start_reaper(*family.argv)
    assert eventually(family.is_complete)

    process.communicate()

    assert process.returncode == 128 + signal.SIGTERM
    assert family.is_gone()


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 128 + 9)]
)
def test_the_status_of_the_program_is_passed_on(script: str, status: int) -> None:
    process = start_reaper("/bin/sh", "-c", script)

    assert process.wait(timeout=10) == status


def test_a_program_that_cannot_be_executed_is_told(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a program")
    text.chmod(0o644)

    process = start_reaper(str(text))

    assert process.wait(timeout=10) == 127
    assert output_of(process) == f"{text} cannot be started: Permission denied.\n"


def test_a_program_starts_with_no_input_and_no_blocked_or_ignored_signals() -> None:
    probe = "read line; echo $?; grep -E 'SigBlk|SigIgn' /proc/self/status 2>/dev/null | cut -f2"

    process = start_reaper("/bin/sh", "-c", probe)

    assert process.wait(timeout=10) == 0
    no_input, *masks = output_of(process).split()
    assert no_input == "1"
    assert set(masks) <= {"0" * 16}


def test_both_ways_to_list_processes_find_this_one() -> None:
    me = reaper.Process(os.getpid(), os.getppid(), os.getsid(0))

    assert me in list(reaper._processes_by_ps())
    if sys.platform == "linux":
        assert me in list(reaper._processes_of_linux())
