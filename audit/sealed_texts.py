"""Seal a text with its salt, so that only the key of the person it is about can open it.

AES-256-GCM with a fresh nonce for each text. What is sealed is bound to its entry and field: a
sealed text that is moved elsewhere does not open. The length is rounded up, so that a backup whose
keys are gone does not tell "yes" from "no".
"""

import os
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.commitments import SALT_BYTES

__all__ = ["KEY_BYTES", "DamagedSeal", "SaltedText", "new_key", "seal", "unseal"]

KEY_BYTES = 32
NONCE_BYTES = 12
BLOCK_BYTES = 64
# What follows the text; zeros fill the rest of the block.
_END = b"\x80"
_PURPOSE = b"folkmoot/personal-text/1\0"


class DamagedSeal(ValueError):
    """Say that a sealed text does not open: it was changed, moved, or is of another key."""


class SaltedText(NamedTuple):
    """A text, and the salt of its commitment."""

    value: str
    salt: bytes


def new_key() -> bytes:
    """Draw a key."""
    return AESGCM.generate_key(bit_length=KEY_BYTES * 8)


def seal(text: SaltedText, *, key: bytes, entry_id: UUID, field: str) -> bytes:
    """Return the nonce and the encrypted salt and text."""
    plain = text.salt + text.value.encode() + _END
    padded = plain + bytes(-len(plain) % BLOCK_BYTES)
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, padded, _place(entry_id, field))


def unseal(sealed: bytes, *, key: bytes, entry_id: UUID, field: str) -> SaltedText:
    """Return what was sealed, or raise DamagedSeal."""
    nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        padded = AESGCM(key).decrypt(nonce, encrypted, _place(entry_id, field))
        plain = padded[: padded.rindex(_END)]
        return SaltedText(plain[SALT_BYTES:].decode(), plain[:SALT_BYTES])
    except (InvalidTag, ValueError) as error:
        raise DamagedSeal(f"The sealed {field} does not open.") from error


def _place(entry_id: UUID, field: str) -> bytes:
    return _PURPOSE + entry_id.bytes + field.encode()
