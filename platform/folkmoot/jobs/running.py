"""Run one job: claim its row, keep saying that we are alive, run it, record how it ended."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Event, Thread
from uuid import UUID

from sqlalchemy.exc import OperationalError

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.jobs import audit_jobs
from folkmoot.jobs.failing import fail_job
from folkmoot.jobs.queues import JOBS
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.outbox import (
    LEASE,
    JobName,
    JobState,
    claim_job,
    finish_job,
    renew_job,
)
from folkmoot.kernel.settings import load_settings

log = logging.getLogger(__name__)


@cache
def services_of_this_process() -> Services:
    """Build the services once per process; never before a fork, so that no connection is shared."""
    return bootstrap(load_settings())


def run_job(name: str, key: str) -> None:
    """Run what the queue hands over; both are strings, since jobs travel as JSON."""
    if name == JobName.SEAL_LOG:
        audit_jobs.seal(services_of_this_process())
    else:
        run_claimed(services_of_this_process(), UUID(key))


def run_claimed(services: Services, job_id: UUID) -> None:
    """Run a job of the database, unless it is done or another worker has it."""
    with services.unit_of_work() as uow:
        job = claim_job(uow, job_id)
    if job is None:
        return
    try:
        with _alive(services, job_id):
            JOBS[job.name](services, job.subject_id)
    except DomainError as error:
        log.warning("%s %s failed: %s", job.name, job.subject_id, error.message)
        with services.unit_of_work() as uow:
            fail_job(uow, job, message=error.message)
        return
    with services.unit_of_work() as uow:
        finish_job(uow, job_id, state=JobState.DONE)


@contextmanager
def _alive(services: Services, job_id: UUID) -> Iterator[None]:
    ended = Event()

    def keep_renewing() -> None:
        while not ended.wait(LEASE.total_seconds() / 3):
            try:
                with services.unit_of_work() as uow:
                    renew_job(uow, job_id)
            except OperationalError as error:
                # The lease outlives two missed beats, and the job need not end for a database
                # that is away for a moment.
                log.warning("The lease of job %s could not be renewed: %s", job_id, error.orig)

    heart = Thread(target=keep_renewing, daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
