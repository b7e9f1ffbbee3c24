"""Every kind of work has a function, a queue that a worker listens to, and a limit."""

import inspect
from uuid import UUID

from folkmoot.jobs.announcing import QUEUE_OF, QUEUES, TIMEOUT_SECONDS
from folkmoot.jobs.failing import SUBJECT_OF
from folkmoot.jobs.queues import JOBS
from folkmoot.kernel.outbox import JobName


def test_every_kind_of_work_has_a_function() -> None:
    # Sealing has no row and no subject: there is one log.
    assert set(JOBS) | {JobName.SEAL_LOG} == set(JobName)


def test_every_kind_of_work_has_a_queue_that_is_listened_to_and_a_limit() -> None:
    assert set(QUEUE_OF) == set(JobName)
    assert set(QUEUE_OF.values()) == set(QUEUES) == set(TIMEOUT_SECONDS)


def test_a_function_takes_the_services_and_an_id() -> None:
    for run in JOBS.values():
        parameters = list(inspect.signature(run).parameters.values())
        assert [p.annotation for p in parameters[1:]] == [UUID]


def test_what_a_job_works_on_can_say_that_it_failed() -> None:
    for subject in SUBJECT_OF.values():
        assert "failed" in subject.__table__.columns["state"].type.enums
