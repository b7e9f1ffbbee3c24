"""The keys that wrap the keys of people: in a file beside the data, never in the database.

Each line of the file is one key in base64. The first one wraps; the others only unwrap what was
wrapped before a change of keys. As with the log's key, the file is made on first use in
development, and must be named in production.
"""

import base64
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import Engine

from audit.key_files import make_once, read_key_file, write_for_owner
from audit.sealed_texts import KEY_BYTES, NONCE_BYTES, DamagedSeal, new_key
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.settings import Settings

__all__ = [
    "UnknownWrappingKey",
    "WrappedKey",
    "WrappingKeys",
    "add_wrapping_key",
    "give_wrapping_keys",
    "load_wrapping_keys",
    "read_wrapping_keys",
    "wrapping_keys_of",
]

_PURPOSE = b"folkmoot/wrapped-key/1\0"


class UnknownWrappingKey(ValueError):
    """Say that a key was wrapped by one that is not in our file."""


class WrappedKey(NamedTuple):
    """A person's key, encrypted, and the name of the key that did it."""

    wrapped: bytes
    wrapped_by: str


class WrappingKeys:
    """Wraps with the newest key, and unwraps with all that are left."""

    def __init__(self, *keys: bytes) -> None:
        """Take keys of 32 bytes, the newest first."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"A wrapping key has {KEY_BYTES} bytes.")
        self.newest = _name_of(keys[0])
        self._ciphers: Mapping[str, AESGCM] = {_name_of(key): AESGCM(key) for key in keys}

    def wrap(self, key: bytes, *, person_id: UUID) -> WrappedKey:
        """Encrypt a person's key; it opens for this person alone."""
        nonce = os.urandom(NONCE_BYTES)
        encrypted = self._ciphers[self.newest].encrypt(nonce, key, _PURPOSE + person_id.bytes)
        return WrappedKey(nonce + encrypted, self.newest)

    def unwrap(self, one: WrappedKey, *, person_id: UUID) -> bytes:
        """Return a person's key; raise UnknownWrappingKey or DamagedSeal."""
        cipher = self._ciphers.get(one.wrapped_by)
        if cipher is None:
            raise UnknownWrappingKey(f"The wrapping key {one.wrapped_by} is not in our file.")
        nonce, encrypted = one.wrapped[:NONCE_BYTES], one.wrapped[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, encrypted, _PURPOSE + person_id.bytes)
        except (InvalidTag, ValueError) as error:
            raise DamagedSeal("A person's key does not open.") from error

    def __contains__(self, name: object) -> bool:
        """Say whether a key of that name is here."""
        return name in self._ciphers


def load_wrapping_keys(settings: Settings) -> WrappingKeys:
    """Return the wrapping keys; in development one is made when there is none."""
    path = settings.wrapping_key_file or settings.data_dir / "wrapping-key.txt"
    if settings.wrapping_key_file is None:
        make_once(path, _fresh_line)
    return read_wrapping_keys(path)


def read_wrapping_keys(path: Path) -> WrappingKeys:
    """Return the keys of a file, or refuse it."""
    text = read_key_file(path, what="wrapping key")
    try:
        return WrappingKeys(*(base64.b64decode(line, validate=True) for line in text.split()))
    except ValueError as error:
        raise ConfigurationError(f"The file {path} holds no wrapping key.") from error


def add_wrapping_key(path: Path) -> str:
    """Put a new key before those of a file, or make the file; return the new key's name."""
    older = read_key_file(path, what="wrapping key") if path.exists() else ""
    line = _fresh_line()
    partial = path.with_suffix(f".{os.getpid()}")
    write_for_owner(partial, line + older)
    partial.replace(path)
    return _name_of(base64.b64decode(line))


# One process may work on several databases, each with keys of its own.
_KEYS: WeakKeyDictionary[Engine, WrappingKeys] = WeakKeyDictionary()


def give_wrapping_keys(engine: Engine, keys: WrappingKeys) -> None:
    """Let what works on this database seal and read personal texts."""
    _KEYS[engine] = keys


def wrapping_keys_of(engine: Engine) -> WrappingKeys | None:
    """Return the keys that this database was given, or None where it can only be checked."""
    return _KEYS.get(engine)


def _fresh_line() -> str:
    return base64.b64encode(new_key()).decode("ascii") + "\n"


def _name_of(key: bytes) -> str:
    # Says which key it was and nothing of the key.
    return sha256(_PURPOSE + key).hexdigest()[:16]
