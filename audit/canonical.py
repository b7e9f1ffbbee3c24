"""One sequence of bytes for one JSON value (RFC 8785), so that hashes and signatures agree."""

import json
from collections.abc import Mapping
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
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if isinstance(value, int):
        return kind is int and abs(value) <= _LARGEST_INTEGER
    if isinstance(value, float):
        return kind is float and 1e-4 <= abs(value) < 1e16 and not value.is_integer()
    if isinstance(value, Mapping):
        return (
            kind is dict and all(map(_is_plain_key, value)) and all(map(_is_plain, value.values()))
        )
    return isinstance(value, list) and kind is list and all(map(_is_plain, value))


def _is_plain_key(key: object) -> bool:
    return isinstance(key, str) and type(key) is str and key.isascii()
