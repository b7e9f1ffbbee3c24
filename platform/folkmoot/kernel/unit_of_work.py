"""Where a transaction begins and ends: the only place that commits."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.engine import Engine
from sqlmodel import Session

from folkmoot.kernel.db import READ_ONLY

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Announcement:
    """A hint for the queue: there is work of this name, for this key, tried so often before."""

    name: str
    key: str
    attempts: int = 0


Announcer = Callable[[Announcement], None]


@dataclass
class UnitOfWork:
    """One database session, and what is to happen once it has committed."""

    session: Session
    _after_commit: list[Callable[[], None]] = field(default_factory=list)
    _announcements: dict[Announcement, None] = field(default_factory=dict)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run something after the commit; it must not need to succeed."""
        self._after_commit.append(action)

    def announce(self, announcement: Announcement) -> None:
        """Tell the queue after the commit, once for each name and key."""
        self._announcements[announcement] = None

    def settle(self, announcer: Announcer) -> None:
        """Run what was deferred; called by `unit_of_work` after the commit."""
        for action in self._after_commit:
            action()
        for announcement in self._announcements:
            announcer(announcement)


def stay_silent(_announcement: Announcement) -> None:
    """Tell nobody: the sweep finds the work in the database."""


@contextmanager
def unit_of_work(engine: Engine, announcer: Announcer = stay_silent) -> Iterator[UnitOfWork]:
    """Open a transaction, commit it if the block succeeds, then run what was deferred."""
    with Session(engine, expire_on_commit=False) as session:
        uow = UnitOfWork(session)
        with session.begin():
            yield uow
    uow.settle(announcer)


@contextmanager
def reading(engine: Engine) -> Iterator[UnitOfWork]:
    """Open a transaction that only reads; on SQLite it does not wait for the writer."""
    reader = engine.execution_options(**{READ_ONLY: True})
    with Session(reader, expire_on_commit=False) as session:
        yield UnitOfWork(session)
