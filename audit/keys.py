"""The key that signs checkpoints: read in production, made on first use in development."""

import os
from dataclasses import dataclass
from pathlib import Path

from audit.notes import Checkpoint
from audit.signing_keys import MalformedKey, SigningKey
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.settings import Settings


@dataclass(frozen=True)
class LogKey:
    """The log's name and its signing key."""

    origin: str
    key: SigningKey

    @property
    def verifier(self) -> str:
        """Return the public half, as `name+hash+base64`: what a verifier must know."""
        return self.key.verifier.to_text()

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the checkpoint as a signed note."""
        return checkpoint.sign(self.key)


def load_log_key(settings: Settings) -> LogKey:
    """Return the log's key; in development it is made when there is none."""
    path = settings.log_key_file or settings.data_dir / "log-key.txt"
    if settings.log_key_file is None:
        _make_once(path, settings.log_origin)
    try:
        text = path.read_text(encoding="ascii").strip()
        return LogKey(settings.log_origin, SigningKey.parse(text))
    except OSError as error:
        raise ConfigurationError(f"The log key {path} cannot be read: {error.strerror}.") from error
    except (MalformedKey, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The file {path} holds no signing key.") from error


def write_new_key(path: Path, origin: str) -> str:
    """Make a key, write its private half for the owner alone, and return its public half."""
    key = SigningKey.generate(origin)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigurationError(f"There is a file at {path} already; it is kept.") from error
    except OSError as error:
        raise ConfigurationError(f"No key can be written to {path}: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.to_text() + "\n")
    return key.verifier.to_text()


def _make_once(path: Path, origin: str) -> None:
    # Two processes may start at once: each writes its own file, the first to link it wins.
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_suffix(f".{os.getpid()}")
    write_new_key(mine, origin)
    try:
        os.link(mine, path)
    except FileExistsError:
        return
    finally:
        mine.unlink()
