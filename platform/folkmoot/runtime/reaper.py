"""Stand between a supervisor and one program, so that the program's family ends with either.

A bare interpreter runs this file (`python -I -S reaper.py PARENT SIGNAL GRACE ARGV...`), which
starts ARGV as its only child and then waits for one of three things:

- the program ends, in any way: whatever it had started is killed, and the reaper ends too;
- the supervisor asks with SIGTERM: the program gets SIGNAL, then GRACE seconds, then SIGKILL;
- the supervisor is gone, even by `kill -9`: the same, without being asked.

Two signs tell that the supervisor is gone. Standard input is the lifeline: a pipe whose other end
only the supervisor holds, so that the system itself closes it. On Linux the kernel also sends
SIGUSR1 when the thread that started us ends; as that thread may end before its process, the
signal is only a hint, and the number of our parent decides.

On Linux orphans of the program are handed to us, however they hide in sessions and groups of
their own. Elsewhere we find those that stayed in our session.

This file imports nothing of ours and little of Python, because it must be up in milliseconds.
"""

# ruff: noqa: PTH123, PTH208 - importing pathlib would take longer than all that we do

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import NamedTuple, NoReturn

LIFELINE = 0
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

REQUESTS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
HINTS = (signal.SIGCHLD, signal.SIGUSR1)

CANNOT_START = 127
KILLED = 128 + signal.SIGKILL
# Bounds the wait for a family that SIGKILL cannot end, such as one stuck on a dead disk.
FAREWELL_SECONDS = 5.0
# Where no signal tells that our parent ended, a look now and then backs up the lifeline.
LOOK_UP_SECONDS = None if sys.platform == "linux" else 1.0

_requests_to_stop: list[int] = []


class Orders(NamedTuple):
    """What the supervisor wants run, and how it wants it ended."""

    parent_pid: int
    stop_signal: int
    grace_seconds: float
    argv: list[str]


class Process(NamedTuple):
    """One line of the table of living processes."""

    pid: int
    parent_pid: int
    session: int


def main(arguments: list[str]) -> int:
    """Run the ordered program and return its exit status, 128 + N when signal N ended it."""
    orders = Orders(int(arguments[0]), int(arguments[1]), float(arguments[2]), arguments[3:])
    news = _listen_for_signals()
    _control_process(PR_SET_CHILD_SUBREAPER, 1)
    _control_process(PR_SET_PDEATHSIG, signal.SIGUSR1)
    program = _start(orders)
    status = _attend(program, orders, news)
    _end_descendants()
    return status


def living_members_of(session: int) -> list[int]:
    """List the processes that live in a session, except the caller's own."""
    return [p.pid for p in _living_processes() if p.session == session and p.pid != os.getpid()]


def kill_all(pids: list[int]) -> None:
    """Send SIGKILL to each process, forgiving those that are gone already."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _listen_for_signals() -> int:
    """Return a descriptor that becomes readable whenever a signal arrives."""
    news, announce = os.pipe()
    for end in (news, announce):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(announce, warn_on_full_buffer=False)
    for number in REQUESTS:
        signal.signal(number, _note_request)
    for number in HINTS:
        signal.signal(number, _wake_up)
    return news


def _note_request(number: int, _frame: FrameType | None) -> None:
    _requests_to_stop.append(number)


def _wake_up(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the descriptor of `_listen_for_signals` has woken us."""


def _control_process(option: int, value: int) -> None:
    """Ask the Linux kernel for a manner of process care; other systems have none to offer."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _start(orders: Orders) -> int:
    """Fork, holding back signals: the copy's inherited handlers would swallow one meant for it."""
    reaper = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, REQUESTS)
    program = os.fork()
    if program == 0:
        _become(orders, reaper)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return program


def _become(orders: Orders, reaper: int) -> NoReturn:
    """Turn this forked copy into the program; the program must not outlive a killed reaper."""
    os.setpgid(0, 0)
    _control_process(PR_SET_PDEATHSIG, orders.stop_signal)
    if os.getppid() != reaper:
        os._exit(CANNOT_START)
    # Python ignores the last two, and a program would inherit that.
    for number in (*REQUESTS, *HINTS, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.dup2(os.open(os.devnull, os.O_RDONLY), LIFELINE)
    try:
        os.execvp(orders.argv[0], orders.argv)  # noqa: S606 - a shell would be one more process
    except OSError as error:
        sys.stderr.write(f"{orders.argv[0]} cannot be started: {error.strerror}.\n")
        sys.stderr.flush()
        os._exit(CANNOT_START)


def _attend(program: int, orders: Orders, news: int) -> int:
    """Wait until the program ends, by itself, when told to, or by force."""
    deadline: float | None = None
    while (status := _reap(program)) is None:
        if deadline is not None:
            # A second request means that nobody wants to wait any longer.
            if time.monotonic() >= deadline or len(_requests_to_stop) > 1:
                return KILLED
        elif _requests_to_stop or _is_abandoned(orders.parent_pid):
            deadline = time.monotonic() + orders.grace_seconds
            os.kill(program, orders.stop_signal)
        _wait_for_news(news, deadline)
    return status


def _reap(program: int) -> int | None:
    """Collect every dead child, adopted ones too, and return the program's status if it ended."""
    status = None
    try:
        while (dead := os.waitpid(-1, os.WNOHANG))[0] != 0:
            if dead[0] == program:
                status = _shell_status(dead[1])
    except ChildProcessError:
        pass
    return status


def _shell_status(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


def _is_abandoned(parent_pid: int) -> bool:
    """Tell whether the supervisor is gone; nobody ever writes to the lifeline."""
    return os.getppid() != parent_pid or bool(select.select([LIFELINE], [], [], 0)[0])


def _wait_for_news(news: int, deadline: float | None) -> None:
    """Sleep until a signal, the end of the lifeline or the deadline."""
    if deadline is None:
        ready, _, _ = select.select([news, LIFELINE], [], [], LOOK_UP_SECONDS)
    else:
        # The lifeline may have ended, and would wake us without pause.
        left = max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([news], [], [], left)
    if news in ready:
        os.read(news, 4096)


def _end_descendants() -> None:
    """Kill what the program left behind, and what that left in turn, until nothing lives."""
    deadline = time.monotonic() + FAREWELL_SECONDS
    while time.monotonic() < deadline:
        _reap(program=0)
        family = _family()
        if not family:
            return
        kill_all(family)
        time.sleep(0.005)


def _family() -> list[int]:
    me = os.getpid()
    return [p.pid for p in _living_processes() if p.pid != me and me in (p.parent_pid, p.session)]


def _living_processes() -> Iterator[Process]:
    """List what runs on this machine, leaving out what is dead and only waits to be collected."""
    return _processes_of_linux() if sys.platform == "linux" else _processes_by_ps()


def _processes_of_linux() -> Iterator[Process]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                # The command's name comes before the last ")" and may hold anything.
                state, parent, _, session = file.read().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if state not in "ZX":
            yield Process(int(name), int(parent), int(session))


def _processes_by_ps() -> Iterator[Process]:
    import subprocess  # noqa: PLC0415 - doubles our start and memory, and Linux does without

    command = ["/bin/ps", "-axo", "pid=,ppid=,stat="]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as ps:  # noqa: S603 - our own words
        listing = ps.communicate()[0].decode()
    for pid, parent, state in (line.split()[:3] for line in listing.splitlines()):
        # The listing holds its own process, which is gone by now.
        if not state.startswith("Z") and int(pid) != ps.pid:
            yield from _with_session(int(pid), int(parent))


def _with_session(pid: int, parent_pid: int) -> Iterator[Process]:
    try:
        yield Process(pid, parent_pid, os.getsid(pid))
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
