"""Work that a transaction asks for, kept as rows: the database is the truth, the queue is a hint.

A service calls `request_job`; the row commits with everything else, and only then is the queue
told. If the queue is down, or a worker dies, `due_jobs` still finds the row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select, update

from folkmoot.kernel import clock
from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import Announcement, UnitOfWork

# A worker says every few seconds that it is alive; after this long without a word it is not.
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 5


class JobName(StrEnum):
    """Every kind of background work; `folkmoot.jobs.queues` names the function of each."""

    IMPORT_TASKS = "import-tasks"
    OPEN_PLACES = "open-places"
    FIT_CONSENSUS = "fit-consensus"
    EXPORT_DATA_SET = "export-data-set"
    WATCH_CROWD = "watch-crowd"
    TRAIN_MODEL = "train-model"
    DECIDE_CASES = "decide-cases"
    RUN_REPORT = "run-report"
    VERIFY_LOG = "verify-log"
    RECONCILE_LOG = "reconcile-log"
    SEAL_LOG = "seal-log"


class JobState(StrEnum):
    """Where a piece of work stands."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class WorkState(StrEnum):
    """Where a requested piece of work stands."""

    REQUESTED = "requested"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(SQLModel, table=True):
    """One piece of background work, for one subject."""

    __tablename__ = "job"
    __table_args__ = (sa.Index("ix_job_state_lease", "state", "lease_until"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: JobName = Field(sa_type=enum_type(JobName))
    subject_id: UUID = Field(index=True)
    requested_by: UUID | None = None
    state: JobState = Field(default=JobState.DUE, sa_type=enum_type(JobState))
    attempts: int = 0
    requested_at: datetime
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""


def request_job(
    uow: UnitOfWork, name: JobName, *, subject_id: UUID, requested_by: UUID | None = None
) -> Job:
    """Ask for background work; it is announced to the queue once this transaction has committed."""
    job = Job(name=name, subject_id=subject_id, requested_by=requested_by, requested_at=clock.now())
    uow.session.add(job)
    uow.announce(Announcement(name.value, str(job.id)))
    return job


def claim_job(uow: UnitOfWork, job_id: UUID) -> Job | None:
    """Take a job to run it, or return None where it is done or another worker has it."""
    now = clock.now()
    taken = uow.session.exec(
        update(Job)
        .where(col(Job.id) == job_id, _is_due(now))
        .values(state=JobState.RUNNING, lease_until=now + LEASE, attempts=col(Job.attempts) + 1)
    )
    if taken.rowcount == 0:
        return None
    return uow.session.exec(select(Job).where(col(Job.id) == job_id)).one()


def renew_job(uow: UnitOfWork, job_id: UUID) -> None:
    """Say that the worker of a job is alive."""
    uow.session.exec(
        update(Job)
        .where(col(Job.id) == job_id, col(Job.state) == JobState.RUNNING)
        .values(lease_until=clock.now() + LEASE)
    )


def finish_job(uow: UnitOfWork, job_id: UUID, *, state: JobState, message: str = "") -> None:
    """Record how a job ended."""
    uow.session.exec(
        update(Job)
        .where(col(Job.id) == job_id)
        .values(state=state, message=message, finished_at=clock.now(), lease_until=None)
    )


def due_jobs(uow: UnitOfWork, *, limit: int = 500) -> Sequence[Job]:
    """Return the jobs that nobody works on: never announced, or abandoned by a dead worker."""
    statement = select(Job).where(_is_due(clock.now())).order_by(col(Job.id)).limit(limit)
    return uow.session.exec(statement).all()


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    abandoned = sa.and_(col(Job.state) == JobState.RUNNING, col(Job.lease_until) < now)
    return sa.or_(col(Job.state) == JobState.DUE, abandoned)


def job_by_id(uow: UnitOfWork, *, job_id: UUID) -> Job | None:
    """Return a job, or None where there is none with that id."""
    return uow.session.get(Job, job_id)


def open_job(uow: UnitOfWork, *, subject_id: UUID) -> Job | None:
    """Return the newest work on a subject that has not come to its end, or None."""
    statement = select(Job).where(
        Job.subject_id == subject_id, col(Job.state).in_([JobState.DUE, JobState.RUNNING])
    )
    return uow.session.exec(statement.order_by(col(Job.id).desc())).first()


def newest_job(uow: UnitOfWork, name: JobName) -> Job | None:
    """Return the newest work of a kind, or None."""
    statement = select(Job).where(Job.name == name).order_by(col(Job.id).desc()).limit(1)
    return uow.session.exec(statement).first()


def failure_of(uow: UnitOfWork, *, subject_id: UUID) -> str:
    """Return why the newest work on a subject failed; empty where it did not."""
    statement = select(Job.state, Job.message).where(Job.subject_id == subject_id)
    newest = uow.session.exec(statement.order_by(col(Job.id).desc())).first()
    return newest[1] if newest is not None and newest[0] is JobState.FAILED else ""
