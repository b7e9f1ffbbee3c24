"""One sequence of bytes for one JSON value (RFC 8785), so that hashes and signatures agree."""

from hashlib import sha256

import rfc8785

from folkmoot.kernel.json_values import Json

__all__ = ["NotCanonical", "canonical_bytes", "digest"]


class NotCanonical(ValueError):
    """Say why a value has no canonical form."""


def canonical_bytes(value: Json) -> bytes:
    """Write a JSON value in its canonical form.

    Raise NotCanonical for what JSON cannot carry exactly: integers beyond 2**53 - 1, NaN and
    infinities, text with lone surrogates, keys that are not text, and other types.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonical(f"This value has no canonical form: {error}.") from error


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return sha256(canonical_bytes(value)).hexdigest()
