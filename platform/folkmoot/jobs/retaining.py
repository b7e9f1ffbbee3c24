"""Erase what has reached its date: once a day, as part of the sweep."""

from datetime import datetime, timedelta

from audit import retention
from folkmoot.bootstrap import ERASABLES, Services
from folkmoot.kernel import clock

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


def apply_retention(services: Services) -> int:
    """Erase all that is due, batch by batch; return how many batches there were."""
    n_batches = 0
    while True:
        with services.unit_of_work() as uow:
            if retention.apply_retention(uow, erasables=ERASABLES) is None:
                return n_batches
        n_batches += 1
