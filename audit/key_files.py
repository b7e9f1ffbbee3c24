"""Files of secret keys: written for their owner alone, and made once however many start."""

import os
from collections.abc import Callable
from pathlib import Path

from folkmoot.kernel.errors import ConfigurationError


def read_key_file(path: Path, *, what: str) -> str:
    """Return the text of a key file, or say that it cannot be read."""
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise ConfigurationError(f"The {what} {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"The file {path} holds no {what}.") from error


def write_for_owner(path: Path, text: str) -> None:
    """Write a new file that its owner alone may read; refuse where there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigurationError(f"There is a file at {path} already; it is kept.") from error
    except OSError as error:
        raise ConfigurationError(f"No key can be written to {path}: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def make_once(path: Path, text: Callable[[], str]) -> None:
    """Write a file where there is none; of two processes that start at once one wins."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_suffix(f".{os.getpid()}")
    write_for_owner(mine, text())
    try:
        os.link(mine, path)
    except FileExistsError:
        return
    finally:
        mine.unlink()
