"""Run a program that refuses to run as root, from root, without adding a user to the machine.

A bare interpreter runs this file: `python -I -S unprivileged.py namespace|nobody ARGV...`.

- `namespace` (Linux): the program sees itself as nobody, in a user namespace of its own, while
  its files stay root's. So it works in folders that only root may enter.
- `nobody`: the program really becomes nobody. For where namespaces are forbidden, as in many
  containers, and for macOS; its files and folders must be open to everyone.
"""

import ctypes
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path

CLONE_NEWUSER = 0x10000000
CANNOT_START = 127


def main(arguments: list[str]) -> int:
    """Become nobody in the named way, then the program; return only when that failed."""
    way, argv = arguments[0], arguments[1:]
    try:
        WAYS[way]()
        os.execv(argv[0], argv)  # noqa: S606 - a shell would be one more process
    except OSError as error:
        sys.stderr.write(f"{argv[0]} cannot be run as {way}: {error.strerror}.\n")
    return CANNOT_START


def _enter_namespace() -> None:
    """Enter a user namespace where root's number is nobody's. See user_namespaces(7)."""
    user = pwd.getpwnam("nobody")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    # The kernel takes a map of groups only from those who give up changing groups.
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user.pw_uid} 0 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{user.pw_gid} 0 1", encoding="ascii")


def _become_nobody() -> None:
    user = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


WAYS: dict[str, Callable[[], None]] = {"namespace": _enter_namespace, "nobody": _become_nobody}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
