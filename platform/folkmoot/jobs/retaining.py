"""Erase what has reached its date, and finish what erasures left: as part of the sweep."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select

from audit import retention
from audit.erasing import tables_of
from audit.forgotten_files import delete_forgotten_files
from audit.models import Entry
from audit.stored_texts import COVERING
from folkmoot.bootstrap import ERASABLES, Services
from folkmoot.kernel import clock
from folkmoot.kernel.scrubbing import tidy_database

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)


class DailyRetention:
    """Runs when it is asked for the first time, and then a day after it last ran."""

    def __init__(self) -> None:
        """Begin with a run that is due."""
        self._next = datetime.min.replace(tzinfo=clock.now().tzinfo)

    def run_if_due(self, services: Services) -> None:
        """Erase what is due, unless that was done within a day."""
        now = clock.now()
        if now < self._next:
            return
        apply_retention(services)
        self._next = now + EVERY


class AfterErasures:
    """Does what erasures leave undone: files that are still there, and rows in the pages."""

    def __init__(self) -> None:
        """Begin with nothing tidied: what an earlier process did is not known."""
        self._tidied: UUID | None = None

    def run(self, services: Services) -> None:
        """Delete forgotten files, and tidy the tables where more was erased."""
        try:
            delete_forgotten_files(services.engine, forget_file=services.artifacts.forget)
        except OSError as error:
            log.warning("A file could not be deleted; the next sweep tries again: %s", error)
        with services.reading() as uow:
            erasures = select(Entry.id).where(col(Entry.action).in_(COVERING))
            newest = uow.session.exec(erasures.order_by(col(Entry.id).desc()).limit(1)).first()
        if newest is not None and newest != self._tidied:
            tidy_database(services.engine, tables=tables_of(ERASABLES))
            self._tidied = newest


def apply_retention(services: Services) -> int:
    """Erase all that is due, batch by batch; return how many batches there were."""
    n_batches = 0
    while True:
        with services.unit_of_work() as uow:
            if retention.apply_retention(uow, erasables=ERASABLES) is None:
                return n_batches
        n_batches += 1
