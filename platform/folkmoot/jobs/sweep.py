"""Catch up with what the queue missed: announce due jobs, give up hopeless ones, seal the log."""

import logging
from threading import Event

from sqlalchemy.exc import OperationalError

from folkmoot.bootstrap import Services
from folkmoot.jobs import audit_jobs
from folkmoot.jobs.failing import fail_job
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.outbox import MOST_ATTEMPTS, due_jobs
from folkmoot.kernel.unit_of_work import Announcement

log = logging.getLogger(__name__)


def sweep(services: Services) -> int:
    """Announce every due job and seal what is unsealed; return how many jobs were due."""
    with services.reading() as uow:
        due = due_jobs(uow)
    hopeless = [job for job in due if job.attempts >= MOST_ATTEMPTS]
    for job in hopeless:
        with services.unit_of_work() as uow:
            fail_job(uow, job, message=f"Given up after {MOST_ATTEMPTS} attempts.")
    for job in due:
        if job not in hopeless:
            services.announcer(Announcement(job.name.value, str(job.id), job.attempts))
    audit_jobs.seal(services)
    return len(due)


def sweep_forever(services: Services, *, every_seconds: float, stop: Event) -> None:
    """Sweep until told to stop. Several sweepers do no harm: what they do is idempotent."""
    while not stop.is_set():
        try:
            sweep(services)
        except OperationalError as error:
            log.warning("The database does not answer; the next sweep tries again: %s", error)
        except DomainError as refusal:
            log.error("The sweep was refused: %s", refusal.message)  # noqa: TRY400  # no bug of ours
        stop.wait(every_seconds)
