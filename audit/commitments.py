"""Salted commitments to personal fields, so that a leaf can outlive what it once stood for.

A leaf holds HMAC-SHA256(salt, value), and the value and its salt are kept where they can be
erased. Whoever has both can check the commitment. Without the salt it can be neither reversed nor
guessed, however few values the field can take, and two commitments to one value look unrelated.
"""

import hmac
import secrets

__all__ = ["SALT_BYTES", "CommitmentMismatch", "MalformedSalt", "commit", "new_salt", "verify"]

SALT_BYTES = 32


class MalformedSalt(ValueError):
    """Say that a salt has the wrong length."""


class CommitmentMismatch(ValueError):
    """Say that a value and its salt are not what was committed to."""


def new_salt() -> bytes:
    """Draw a salt: one for each field of each record, never used twice."""
    return secrets.token_bytes(SALT_BYTES)


def commit(value: bytes | str, salt: bytes) -> str:
    """Return the commitment to a value in hexadecimal; text is committed to as UTF-8."""
    # HMAC pads a short key with zeros, so only one length keeps one salt from passing for another.
    if len(salt) != SALT_BYTES:
        raise MalformedSalt(f"A salt has {SALT_BYTES} bytes, not {len(salt)}.")
    message = value.encode() if isinstance(value, str) else value
    return hmac.digest(salt, message, "sha256").hex()


def verify(commitment: str, *, value: bytes | str, salt: bytes) -> None:
    """Check that this value and salt were committed to, or raise CommitmentMismatch."""
    # As bytes, because text that is not ASCII cannot be compared in constant time.
    if not hmac.compare_digest(commit(value, salt).encode(), commitment.encode()):
        raise CommitmentMismatch("The value and its salt are not what was committed to.")
