"""The bearer token of a request (RFC 6750): the only credential that the API accepts."""

from flask import request

from folkmoot.identity.current import current_services
from folkmoot.identity.tokens import actor_of_token
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotSignedIn


def actor_of_bearer() -> Actor | None:
    """Return who the request's bearer token speaks for, or None where it carries none."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise NotSignedIn("Send the access token as: Authorization: Bearer fm_….")
    with current_services().glancing() as uow:
        return actor_of_token(uow, text.strip())
