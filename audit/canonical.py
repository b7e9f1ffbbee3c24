"""One sequence of bytes for one JSON value (RFC 8785), so that hashes and signatures agree."""

import json
from hashlib import sha256

import rfc8785

from folkmoot.kernel.json_values import Json

__all__ = ["NotCanonical", "canonical_bytes", "digest"]


# Where Python's own encoder, which is in C, writes what the RFC asks for. It agrees but for keys
# beyond ASCII (sorted otherwise), integers that are too large, and numbers that are written with
# an exponent or as whole ones; `_is_plain` tells these apart.
_PLAIN = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)
_LARGEST_INTEGER = 2**53 - 1
_ALWAYS_PLAIN = frozenset({str, bool, type(None)})


class NotCanonical(ValueError):
    """Say why a value has no canonical form."""


def canonical_bytes(value: Json) -> bytes:
    """Write a JSON value in its canonical form.

    Raise NotCanonical for what JSON cannot carry exactly: integers beyond 2**53 - 1, NaN and
    infinities, text with lone surrogates, keys that are not text, and other types.
    """
    try:
        return _PLAIN.encode(value).encode() if _is_plain(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonical(f"This value has no canonical form: {error}.") from error


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return sha256(canonical_bytes(value)).hexdigest()


def _is_plain(value: object) -> bool:
    """Say whether the encoder in C is known to write a value as the RFC does."""
    # Every record comes through here, so types are compared and not asked about their bases.
    kind = type(value)
    if kind in _ALWAYS_PLAIN:
        return True
    if isinstance(value, dict):
        for key, one in value.items():
            if type(key) is not str or not key.isascii() or not _is_plain(one):
                return False
        return kind is dict
    if isinstance(value, list):
        return kind is list and all(map(_is_plain, value))
    return _is_plain_number(value)


def _is_plain_number(value: object) -> bool:
    if isinstance(value, int):
        return type(value) is int and abs(value) <= _LARGEST_INTEGER
    if isinstance(value, float):
        return type(value) is float and 1e-4 <= abs(value) < 1e16 and not value.is_integer()
    return False
