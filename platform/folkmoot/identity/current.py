"""What the present request runs in."""

from typing import cast

from flask import current_app

from folkmoot.identity.services import IdentityServices


def current_services() -> IdentityServices:
    """Return the services of the application that answers this request."""
    return cast("IdentityServices", current_app.extensions["folkmoot"])
