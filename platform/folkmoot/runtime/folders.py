"""Make sure that a folder can hold what we will write, and find short names for sockets."""

import os
import tempfile
from pathlib import Path

from folkmoot.runtime.problems import StartupProblem

# A socket's address holds 104 bytes on macOS and 108 on Linux, the closing zero included.
LONGEST_SOCKET_PATH = 103


def require_writable_folder(folder: Path) -> Path:
    """Make the folder if need be and return it. Raises StartupProblem when we cannot write there.

    A file is really written: permissions alone say nothing to root or on a read-only disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        problem = f"Nothing can be written to the folder {folder}: {error.strerror}."
        raise StartupProblem(problem) from error


def folder_for_socket(preferred: Path, name: str) -> Path:
    """Return a folder of our own where a socket of this name fits: the preferred, or a new one.

    The caller removes a folder that is not the preferred one.
    """
    if len(os.fsencode(preferred.resolve() / name)) <= LONGEST_SOCKET_PATH:
        return preferred.resolve()
    # Not where TMPDIR says: that is long on macOS.
    return Path(tempfile.mkdtemp(prefix="folkmoot-", dir="/tmp"))
