"""Let whoever started a fit hear of its iterations, and end it by raising."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

# Is told how many iterations the present model has made.
Listener: TypeAlias = Callable[[int], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Tell the listener of every iteration of every fit within.

    It belongs to the context, not to the algorithms, because it is none of the parameters
    that make a result again. What it raises ends the fit.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(iterations: int) -> None:
    """Say that a fit has made so many iterations."""
    listener = _listener.get()
    if listener is not None:
        listener(iterations)
