"""The one place that asks what time it is, so that tests can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_moved_to: ContextVar[datetime | None] = ContextVar("_moved_to", default=None)


def now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return _moved_to.get() or datetime.now(UTC)


def in_seconds(seconds: float) -> datetime:
    """Return the moment that many seconds from now."""
    return now() + timedelta(seconds=seconds)


@contextmanager
def moved_to(moment: datetime) -> Iterator[None]:
    """Hold the clock at a moment, for this context only."""
    token = _moved_to.set(moment)
    try:
        yield
    finally:
        _moved_to.reset(token)
