"""The services of the present request, and its transactions."""

from contextlib import AbstractContextManager
from typing import cast

from flask import current_app

from folkmoot.bootstrap import Services
from folkmoot.kernel.unit_of_work import UnitOfWork


def services() -> Services:
    """Return the services that this application was built with."""
    return cast("Services", current_app.extensions["folkmoot"])


def unit_of_work() -> AbstractContextManager[UnitOfWork]:
    """Open a transaction that may change things."""
    return services().unit_of_work()


def reading() -> AbstractContextManager[UnitOfWork]:
    """Open a transaction that only reads."""
    return services().reading()
