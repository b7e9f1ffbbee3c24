"""The key that signs checkpoints: read in production, made on first use in development."""

from dataclasses import dataclass
from pathlib import Path

from audit.key_files import make_once, read_key_file, write_for_owner
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
        make_once(path, lambda: SigningKey.generate(settings.log_origin).to_text() + "\n")
    try:
        text = read_key_file(path, what="log key").strip()
        return LogKey(settings.log_origin, SigningKey.parse(text))
    except MalformedKey as error:
        raise ConfigurationError(f"The file {path} holds no signing key.") from error


def write_new_key(path: Path, origin: str) -> str:
    """Make a key, write its private half for the owner alone, and return its public half."""
    key = SigningKey.generate(origin)
    write_for_owner(path, key.to_text() + "\n")
    return key.verifier.to_text()
