import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from folkmoot.runtime import reaper
from folkmoot.runtime.processes import REAPER
from tests.runtime.conftest import Eventually, Family

# The forked copy rests before it becomes the program.
SLOW_REAPER = """
import importlib.util, os, sys, time

def set_group_slowly(pid, group, set_group=os.setpgid):
    print("copied", flush=True)
    time.sleep(0.5)
    set_group(pid, group)

spec = importlib.util.spec_from_file_location("reaper", {path!r})
reaper = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reaper)
os.setpgid = set_group_slowly
sys.exit(reaper.main(sys.argv[1:]))
"""


def start_reaper(
    *argv: str, grace_seconds: float = 0.3, script: Path = REAPER
) -> subprocess.Popen[str]:
    orders = (os.getpid(), int(signal.SIGTERM), grace_seconds)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), *map(str, orders), *argv],
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


def test_a_program_starts_with_no_input_and_no_signals_blocked_or_ignored_by_us() -> None:
    masks_now = "grep -E 'SigBlk|SigIgn' /proc/self/status 2>/dev/null | cut -f2"
    probe = f"read line; echo $?; {masks_now}"
    # What the tests were started with, such as by a shell's `&`, is not ours to undo.
    inherited = subprocess.run(
        ["/bin/sh", "-c", masks_now], capture_output=True, text=True, check=True
    )

    process = start_reaper("/bin/sh", "-c", probe)

    assert process.wait(timeout=10) == 0
    no_input, *masks = output_of(process).split()
    assert no_input == "1"
    assert masks == inherited.stdout.split()


def test_a_program_that_is_still_starting_hears_its_signal(tmp_path: Path) -> None:
    script = tmp_path / "slow_reaper.py"
    script.write_text(SLOW_REAPER.format(path=str(REAPER)))
    process = start_reaper("/bin/sleep", "60", grace_seconds=60.0, script=script)
    assert process.stdout is not None
    assert process.stdout.readline() == "copied\n"

    process.terminate()

    assert process.wait(timeout=20) == 128 + signal.SIGTERM


def test_both_ways_to_list_processes_find_this_one() -> None:
    me = reaper.Process(os.getpid(), os.getppid(), os.getsid(0))

    assert me in list(reaper._processes_by_ps())
    if sys.platform == "linux":
        assert me in list(reaper._processes_of_linux())
