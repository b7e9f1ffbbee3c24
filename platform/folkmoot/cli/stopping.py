"""Stay up until asked to stop, and then end well."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

from folkmoot.runtime.supervisor import Stopped


def wait() -> None:
    """Wait until a signal asks us to stop."""
    threading.Event().wait()


@contextmanager
def stopped_on_request() -> Iterator[None]:
    """End with status 0 where a signal asked us to: that is how a server is meant to end."""
    try:
        yield
    except (KeyboardInterrupt, Stopped):
        click.echo("Stopped.")
