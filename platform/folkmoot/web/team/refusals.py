"""Refusals of buttons: told on the page that the button stands on."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash

from folkmoot.kernel.errors import DomainError


@contextmanager
def refusals_told() -> Iterator[None]:
    """Tell a refusal on the next page, so that a press that came to nothing says why."""
    try:
        yield
    except DomainError as refusal:
        flash(refusal.message, "bad")
