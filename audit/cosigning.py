"""Cosignatures: what a witness says of a checkpoint that it found consistent with all before.

Source: c2sp.org/tlog-cosignature. There are two kinds, told apart by the byte in the key: 0x04 is
Ed25519 over the checkpoint's text, 0x06 is ML-DSA-44 (FIPS 204), which no quantum computer forges,
over origin, size and root. Either begins with the time at which it was made.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from cryptography import exceptions
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from audit.notes import Checkpoint, Signature
from audit.signing_keys import (
    PRIVATE_PREFIX,
    InvalidSignature,
    MalformedKey,
    NoteError,
    is_key_name,
    key_id_of,
    parse_key,
    to_base64,
)

__all__ = ["CosignatureKind", "CosignerKey", "CosigningKey", "cosigned_at"]

SEED_BYTES = 32
TIME_BYTES = 8
LATEST_TIME = 2**63 - 1
LONGEST_NAME_BYTES = 255


class CosignatureKind(Enum):
    """Which algorithm a witness signs with; the value is the byte of its keys."""

    ED25519 = b"\x04"
    ML_DSA_44 = b"\x06"


PUBLIC_KEY_BYTES = {CosignatureKind.ED25519: 32, CosignatureKind.ML_DSA_44: 1312}


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """Hold the public half of a witness's key."""

    name: str
    kind: CosignatureKind
    public_key: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES[self.kind]:
            raise MalformedKey(f"The key of {self.name} has the wrong length.")

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that tell keys of one name apart."""
        return key_id_of(self.name, self.kind.value, self.public_key)

    @property
    def label(self) -> str:
        """Return its name and the hash of its key: short, and good to tell witnesses apart."""
        return f"{self.name}+{self.key_id.hex()}"

    def to_text(self) -> str:
        """Write the key as `name+hash+base64`."""
        return f"{self.label}+{to_base64(self.kind.value + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+hash+base64`, or raise MalformedKey."""
        name, kind, public_key = parse_key(text)
        key = cls(name, _kind_of(kind), public_key)
        if key.to_text() != text:
            raise MalformedKey("The hash in this witness key is not of its name and key.")
        return key

    def verify(self, text: str, signature: bytes) -> None:
        """Check a cosignature of a checkpoint's text, or raise InvalidSignature."""
        timestamp = cosigned_at(signature)
        message = _MESSAGES[self.kind](self.name, text, timestamp)
        try:
            self._public_key().verify(signature[TIME_BYTES:], message)
        except (exceptions.InvalidSignature, ValueError) as error:
            raise InvalidSignature(f"The cosignature of {self.name} does not fit.") from error

    def _public_key(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        if self.kind is CosignatureKind.ED25519:
            return Ed25519PublicKey.from_public_bytes(self.public_key)
        return MLDSA44PublicKey.from_public_bytes(self.public_key)


@dataclass(frozen=True, slots=True)
class CosigningKey:
    """Hold the private half of a witness's key: a name and a 32-byte seed."""

    name: str
    kind: CosignatureKind
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.seed) != SEED_BYTES:
            raise MalformedKey(f"The seed of a witness's key has {SEED_BYTES} bytes.")

    @classmethod
    def generate(cls, name: str, kind: CosignatureKind) -> Self:
        """Make a new key; its name should be a URL without a scheme, as `example.org/witness`."""
        # Either kind starts from 32 random bytes.
        return cls(name, kind, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def public(self) -> CosignerKey:
        """Return the public half."""
        public_key = self._private_key().public_key().public_bytes_raw()
        return CosignerKey(self.name, self.kind, public_key)

    def cosign(self, text: str, *, timestamp: int) -> Signature:
        """Return the signature line for a checkpoint's text, made at a POSIX time."""
        message = _MESSAGES[self.kind](self.name, text, timestamp)
        value = struct.pack(">Q", timestamp) + self._private_key().sign(message)
        return Signature(self.name, self.public.key_id, value)

    def to_text(self) -> str:
        """Write the key as `PRIVATE+KEY+name+hash+base64`."""
        return f"{PRIVATE_PREFIX}{self.public.label}+{to_base64(self.kind.value + self.seed)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PRIVATE+KEY+name+hash+base64`, or raise MalformedKey."""
        name, kind, seed = parse_key(text.removeprefix(PRIVATE_PREFIX))
        key = cls(name, _kind_of(kind), seed)
        if key.to_text() != text:
            raise MalformedKey("This is no private key, or its hash is not of its name and key.")
        return key

    def _private_key(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.kind is CosignatureKind.ED25519:
            return Ed25519PrivateKey.from_private_bytes(self.seed)
        return MLDSA44PrivateKey.from_seed_bytes(self.seed)


def cosigned_at(signature: bytes) -> int:
    """Return the POSIX time that a cosignature states, or raise InvalidSignature."""
    timestamp = int.from_bytes(signature[:TIME_BYTES], "big")
    if len(signature) <= TIME_BYTES or timestamp > LATEST_TIME:
        raise InvalidSignature("A cosignature begins with the time at which it was made.")
    return timestamp


def _ed25519_message(_name: str, text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _ml_dsa_message(name: str, text: str, timestamp: int) -> bytes:
    # `cosigned_message` of the source; a checkpoint is the subtree that starts at leaf 0.
    try:
        checkpoint = Checkpoint.parse(text)
    except NoteError as error:
        raise InvalidSignature("Only checkpoints can be cosigned with ML-DSA.") from error
    return b"".join(
        (
            b"subtree/v1\n\0",
            _short(name),
            struct.pack(">Q", timestamp),
            _short(checkpoint.origin),
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        )
    )


_MESSAGES: dict[CosignatureKind, Callable[[str, str, int], bytes]] = {
    CosignatureKind.ED25519: _ed25519_message,
    CosignatureKind.ML_DSA_44: _ml_dsa_message,
}


def _short(text: str) -> bytes:
    encoded = text.encode()
    if not 0 < len(encoded) <= LONGEST_NAME_BYTES:
        raise InvalidSignature(f"A name in a cosignature has 1 to {LONGEST_NAME_BYTES} bytes.")
    return bytes([len(encoded)]) + encoded


def _kind_of(kind: bytes) -> CosignatureKind:
    try:
        return CosignatureKind(kind)
    except ValueError as error:
        raise MalformedKey("This is not the key of a witness: its kind is another.") from error


def _require_name(name: str) -> None:
    if not is_key_name(name) or len(name.encode()) > LONGEST_NAME_BYTES:
        raise MalformedKey("A key's name has 1 to 255 bytes, no space, plus or control character.")
