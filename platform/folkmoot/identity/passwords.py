"""Passwords: hashed by argon2id (RFC 9106), checked in the same time whoever asks."""

import base64
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256

# OWASP's first choice for argon2id: 19 MiB and two passes. More memory would let a handful of
# sign-ins at once exhaust a small server; a change here renews each hash at its next sign-in.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with its salt and parameters in the text."""
    return _hasher.hash(_normalised(password))


def is_password(password: str, *, password_hash: str | None) -> bool:
    """Say whether a password is the one that was hashed; without a hash, spend the same time."""
    try:
        return _hasher.verify(password_hash or _decoy_hash(), _normalised(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Say whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def new_password() -> str:
    """Return a random password of 128 bits, for an account that a machine makes."""
    return secrets.token_urlsafe(16)


def _normalised(password: str) -> str:
    # Keyboards write the same letter in several ways; NIST SP 800-63B asks for one of them.
    return unicodedata.normalize("NFKC", password)


def _decoy_hash() -> str:
    # Nobody's hash, of today's parameters: to check against it costs what a real check costs.
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${_zeros(_hasher.salt_len)}${_zeros(_hasher.hash_len)}"


def _zeros(count: int) -> str:
    return base64.b64encode(bytes(count)).decode().rstrip("=")
