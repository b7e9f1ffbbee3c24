"""Named Ed25519 keys and their text forms, as C2SP's signed notes define them.

Source: c2sp.org/signed-note, signature type 0x01. A key is known by its name and by a four-byte
id, so that a log can change its key and keep its name.

    NoteError               the base of all, and of the errors in `audit.notes`
    ├─ MalformedKey         this is not a key
    └─ InvalidSignature     a known key's signature does not fit the text
"""

import base64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from cryptography import exceptions
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = [
    "KEY_ID_BYTES",
    "PRIVATE_PREFIX",
    "InvalidSignature",
    "MalformedKey",
    "NoteError",
    "SigningKey",
    "VerifierKey",
    "from_base64",
    "is_key_name",
    "key_id_of",
    "parse_key",
    "to_base64",
]

ED25519 = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
PRIVATE_PREFIX = "PRIVATE+KEY+"


class NoteError(ValueError):
    """Say what is wrong with a key, a note or a checkpoint."""


class MalformedKey(NoteError):
    """Say that this is not a key."""


class InvalidSignature(NoteError):
    """Say that the signature of a known key does not fit the text."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Hold the public half of a key: what a verifier must know, and may publish."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _require_key(self.name, self.public_key)

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that tell keys of one name apart."""
        return key_id_of(self.name, ED25519, self.public_key)

    def to_text(self) -> str:
        """Write the key as `name+hash+base64`."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+hash+base64`, or raise MalformedKey."""
        key = cls(*_parse_ed25519(text))
        if key.to_text() != text:
            raise MalformedKey("The hash in this verifier key is not of its name and key.")
        return key

    def verify(self, text: str, signature: bytes) -> None:
        """Check an Ed25519 signature of the text, or raise InvalidSignature."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except exceptions.InvalidSignature as error:
            raise InvalidSignature(
                f"The signature of {self.name} does not fit the text."
            ) from error


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Hold the private half of a key: a name and the 32-byte seed of RFC 8032."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _require_key(self.name, self.seed)

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key; its name should be a URL without a scheme, as `example.org/log`."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half."""
        return VerifierKey(self.name, self._private_key().public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Return the 64-byte signature of the text, its last newline included."""
        return self._private_key().sign(text.encode())

    def to_text(self) -> str:
        """Write the key as `PRIVATE+KEY+name+hash+base64`."""
        key_id = self.verifier.key_id.hex()
        return f"{PRIVATE_PREFIX}{self.name}+{key_id}+{to_base64(ED25519 + self.seed)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PRIVATE+KEY+name+hash+base64`, or raise MalformedKey."""
        key = cls(*_parse_ed25519(text.removeprefix(PRIVATE_PREFIX)))
        if key.to_text() != text:
            raise MalformedKey("This is no private key, or its hash is not of its name and key.")
        return key

    def _private_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def is_key_name(name: str) -> bool:
    """Say whether a name is not empty and has no space, plus or control character."""
    return bool(name) and not any(mark.isspace() or mark < " " or mark == "+" for mark in name)


def to_base64(content: bytes) -> str:
    """Write bytes in the base64 of RFC 4648, section 4."""
    return base64.b64encode(content).decode()


def from_base64(text: str) -> bytes:
    """Read base64, or raise ValueError.

    Bits that padding leaves unused may differ between two texts of equal bytes, so whoever allows
    one way of writing only compares what was read, written again.
    """
    return base64.b64decode(text, validate=True)


def _require_key(name: str, material: bytes) -> None:
    if not is_key_name(name):
        raise MalformedKey("A key's name is not empty and has no space, plus or control character.")
    if len(material) != KEY_BYTES:
        raise MalformedKey(f"An Ed25519 key has {KEY_BYTES} bytes, not {len(material)}.")


def parse_key(text: str) -> tuple[str, bytes, bytes]:
    """Read `name+hash+base64` into a name, the byte of its kind, and the rest, unbelieved."""
    name, _, hash_and_material = text.partition("+")
    try:
        material = from_base64(hash_and_material.partition("+")[2])
    except ValueError as error:
        raise MalformedKey("A key is written as name+hash+base64.") from error
    return name, material[:1], material[1:]


def key_id_of(name: str, kind: bytes, public_key: bytes) -> bytes:
    """Return the four bytes that tell keys of one name, and their kinds, apart."""
    return sha256(name.encode() + b"\n" + kind + public_key).digest()[:KEY_ID_BYTES]


def _parse_ed25519(text: str) -> tuple[str, bytes]:
    name, kind, material = parse_key(text)
    if kind != ED25519:
        raise MalformedKey("This key is of another kind than Ed25519.")
    return name, material
