"""Identifiers: UUIDv7 (RFC 9562), made by us before the row is written."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new identifier; later ones sort after earlier ones of this process."""
    return uuid7()
