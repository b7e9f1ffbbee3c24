"""Seal the log several times a second, whatever the queue and its workers do.

After a commit the queue is told that there is something to seal, but a hint may be lost, and a
worker may be busy for minutes. Here one look at a small index says whether anything waits, so that
no entry is without its proof for longer than a second.
"""

import logging
from threading import Event

from sqlalchemy.exc import DBAPIError

from audit.sealing import has_waiting
from folkmoot.bootstrap import Services
from folkmoot.jobs import audit_jobs
from folkmoot.kernel.errors import ConfigurationError, DomainError

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.2
# What is refused now will be refused in a moment; an operator has to look at it.
SECONDS_AFTER_REFUSAL = 5.0


def seal_forever(services: Services, *, stop: Event, every_seconds: float = EVERY_SECONDS) -> None:
    """Seal until told to stop. Several of these do no harm: one of them at a time has the log."""
    while not stop.is_set():
        stop.wait(every_seconds if _seal(services) else SECONDS_AFTER_REFUSAL)


def _seal(services: Services) -> bool:
    """Seal what waits; say whether that may be tried again at once."""
    try:
        with services.reading() as uow:
            waits = has_waiting(uow)
        if waits:
            audit_jobs.seal(services)
    except DBAPIError as error:
        log.warning("The database does not answer; sealing is tried again: %s", error)
    except (DomainError, ConfigurationError) as refusal:
        log.error("Nothing is sealed: %s", refusal)  # noqa: TRY400  # no bug of ours
        return False
    return True
