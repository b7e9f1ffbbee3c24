"""Catch up with what the queue missed; watch over pay, which no queue announces; seal the log."""

import logging
from threading import Event

from sqlalchemy.exc import OperationalError

from crowd.consensus_policy import projects_due, request_due
from crowd.copy_watch import projects_to_watch, request_watch
from crowd.pay_floor import raise_pay_alarm, underpaid_projects
from folkmoot.bootstrap import Services
from folkmoot.jobs import audit_jobs
from folkmoot.jobs.failing import fail_job
from folkmoot.jobs.retaining import AfterErasures, DailyRetention
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.outbox import MOST_ATTEMPTS, due_jobs
from folkmoot.kernel.unit_of_work import Announcement

log = logging.getLogger(__name__)


def sweep(services: Services) -> int:
    """Announce due jobs, watch over pay and crowds, seal the log; return how many jobs were due."""
    with services.reading() as uow:
        due = due_jobs(uow)
    hopeless = [job for job in due if job.attempts >= MOST_ATTEMPTS]
    for job in hopeless:
        with services.unit_of_work() as uow:
            fail_job(uow, job, message=f"Given up after {MOST_ATTEMPTS} attempts.")
    for job in due:
        if job not in hopeless:
            services.announcer(Announcement(job.name.value, str(job.id), job.attempts))
    _watch_pay(services)
    _watch_crowds(services)
    _run_consensus(services)
    audit_jobs.seal(services)
    return len(due)


def _watch_pay(services: Services) -> None:
    with services.reading() as uow:
        underpaid = underpaid_projects(uow)
    for project_id in underpaid:
        with services.unit_of_work() as uow:
            raise_pay_alarm(uow, project_id=project_id)


def _watch_crowds(services: Services) -> None:
    with services.reading() as uow:
        waiting = projects_to_watch(uow)
    for project_id in waiting:
        with services.unit_of_work() as uow:
            request_watch(uow, project_id=project_id)


def _run_consensus(services: Services) -> None:
    with services.reading() as uow:
        due = projects_due(uow)
    for project_id in due:
        with services.unit_of_work() as uow:
            request_due(uow, project_id=project_id)


def sweep_forever(services: Services, *, every_seconds: float, stop: Event) -> None:
    """Sweep until told to stop. Several sweepers do no harm: what they do is idempotent."""
    retention, after_erasures = DailyRetention(), AfterErasures()
    while not stop.is_set():
        try:
            sweep(services)
            retention.run_if_due(services)
            after_erasures.run(services)
        except OperationalError as error:
            log.warning("The database does not answer; the next sweep tries again: %s", error)
        except DomainError as refusal:
            log.error("The sweep was refused: %s", refusal.message)  # noqa: TRY400  # no bug of ours
        stop.wait(every_seconds)
