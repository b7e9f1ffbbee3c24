from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.engine import Engine

from folkmoot.kernel import clock
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import (
    LEASE,
    Job,
    JobName,
    JobState,
    claim_job,
    due_jobs,
    finish_job,
    job_by_id,
    renew_job,
    request_job,
)
from folkmoot.kernel.unit_of_work import reading, unit_of_work

LATER = LEASE + timedelta(seconds=1)


@pytest.fixture
def noise(engine: Engine) -> Job:
    """Another job, which must stay as it is."""
    with unit_of_work(engine) as uow:
        return request_job(uow, JobName.RUN_REPORT, subject_id=new_id())


@pytest.fixture
def job(engine: Engine, noise: Job) -> Job:
    """A job that is due."""
    with unit_of_work(engine) as uow:
        return request_job(uow, JobName.FIT_CONSENSUS, subject_id=new_id())


def claim(engine: Engine, job: Job) -> Job | None:
    with unit_of_work(engine) as uow:
        return claim_job(uow, job.id)


def stored(engine: Engine, job: Job) -> Job:
    with reading(engine) as uow:
        found = job_by_id(uow, job_id=job.id)
        assert found is not None
        return found


def due(engine: Engine) -> Sequence[UUID]:
    with reading(engine) as uow:
        return [one.id for one in due_jobs(uow)]


def test_a_claimed_job_is_nobody_elses(engine: Engine, job: Job, noise: Job) -> None:
    first, second = claim(engine, job), claim(engine, job)

    assert first is not None
    assert (first.state, first.attempts) == (JobState.RUNNING, 1)
    assert second is None
    assert due(engine) == [noise.id]


def test_of_many_workers_one_gets_the_job(engine: Engine, job: Job) -> None:
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: claim(engine, job), range(8)))

    assert sum(one is not None for one in claimed) == 1


def test_a_job_whose_worker_died_is_due_again(engine: Engine, job: Job, noise: Job) -> None:
    claim(engine, job)

    with clock.moved_to(clock.now() + LATER):
        assert due(engine) == [noise.id, job.id]
        again = claim(engine, job)

    assert again is not None
    assert again.attempts == 2


def test_a_worker_that_lives_keeps_its_job(engine: Engine, job: Job, noise: Job) -> None:
    claim(engine, job)
    with clock.moved_to(clock.now() + LEASE * 0.9), unit_of_work(engine) as uow:
        renew_job(uow, job.id)

    with clock.moved_to(clock.now() + LATER):
        assert due(engine) == [noise.id]


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_a_job_that_ended_is_never_due(engine: Engine, job: Job, noise: Job, state) -> None:
    claim(engine, job)
    with unit_of_work(engine) as uow:
        finish_job(uow, job.id, state=state, message="So it went.")

    with clock.moved_to(clock.now() + timedelta(days=400)):
        assert due(engine) == [noise.id]
        assert claim(engine, job) is None
    ended = stored(engine, job)
    assert (ended.state, ended.message) == (state, "So it went.")
    assert ended.finished_at is not None
