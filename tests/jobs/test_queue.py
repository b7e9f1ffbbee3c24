"""The queue is a hint and the database the truth: announced work runs, other work is found."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import psutil
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy.exc import OperationalError

from crowd.consensus_runs import run_by_id
from folkmoot.bootstrap import Services
from folkmoot.identity.permissions import Role
from folkmoot.jobs import running
from folkmoot.jobs.announcing import QUEUE_OF
from folkmoot.jobs.running import run_claimed
from folkmoot.jobs.sweep import sweep
from folkmoot.kernel import clock
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import (
    LEASE,
    MOST_ATTEMPTS,
    JobName,
    JobState,
    WorkState,
    claim_job,
    due_jobs,
    job_by_id,
    request_job,
)
from folkmoot.kernel.settings import Settings
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.runtime.valkey import EmbeddedValkey

from ..api.conftest import PROJECT, Person
from ..api.story import (
    RunJobs,
    import_csv,
    label_everything,
    made,
    patients_csv,
    patients_project,
)

WorkOff = Callable[[], int]

# A worker that dies in the middle of a job: it has claimed the job and then reads for ever.
STUCK_WORKER = """
import sys, time
from folkmoot.jobs import crowd_jobs, queues, worker
from folkmoot.kernel.outbox import JobName

def never_ends(services, import_id):
    print("claimed", flush=True)
    time.sleep(600)

queues.JOBS[JobName.IMPORT_TASKS] = never_ends
worker.work(sys.argv[1])
"""

# One that dies while it fits a consensus: all labels are read, and nothing is stored.
STUCK_FIT = """
import sys, time
from crowd import consensus_runs
from folkmoot.jobs import worker

def never_ends(problem):
    print("claimed", flush=True)
    time.sleep(600)

consensus_runs.solve = never_ends
worker.work(sys.argv[1])
"""


@pytest.fixture
def project_id(team: Person) -> str:
    return str(made(team.post("/projects", PROJECT))["id"])


def state_of(team: Person, import_id: str) -> str:
    return str(made(team.get(f"/imports/{import_id}"), 200)["state"])


def test_what_a_request_announces_a_worker_runs(
    team: Person, project_id: str, work_off: WorkOff
) -> None:
    import_id = import_csv(team, project_id, patients_csv(range(3)))
    assert state_of(team, import_id) == "requested"
    assert work_off() >= 1
    assert state_of(team, import_id) == "finished"


def test_entries_are_sealed_by_the_queue_without_a_sweep(
    officer: Person, project_id: str, work_off: WorkOff
) -> None:
    assert made(officer.get("/log/health"), 200)["unsealed"] > 0
    work_off()
    assert made(officer.get("/log/health"), 200)["unsealed"] == 0


def test_without_a_queue_requests_succeed_and_the_sweep_catches_up(
    team: Person,
    project_id: str,
    services: Services,
    valkey: EmbeddedValkey,
    work_off: WorkOff,
) -> None:
    valkey.stop()
    began = time.monotonic()
    import_id = import_csv(team, project_id, patients_csv(range(3)))
    assert time.monotonic() - began < 5
    assert sweep(services) == 1  # due, though it can be told to nobody yet
    assert state_of(team, import_id) == "requested"
    valkey.start()
    sweep(services)
    work_off()
    assert state_of(team, import_id) == "finished"


def test_a_sweep_after_a_sweep_announces_nothing_twice(
    team: Person, project_id: str, services: Services, settings: Settings
) -> None:
    import_csv(team, project_id, patients_csv(range(3)))
    for _ in range(3):
        sweep(services)
    connection = Redis.from_url(settings.queue_url)
    queue = Queue(QUEUE_OF[JobName.IMPORT_TASKS], connection=connection, serializer=JSONSerializer)
    assert len(queue) == 1


def test_the_same_job_runs_once_however_often_it_is_announced(
    team: Person, project_id: str, services: Services, work_off: WorkOff
) -> None:
    import_id = import_csv(team, project_id, patients_csv(range(3)))
    with services.reading() as uow:
        (job,) = due_jobs(uow)
    work_off()
    run_claimed(services, job.id)
    found = made(team.get(f"/imports/{import_id}"), 200)
    assert (found["added"], found["known"]) == (3, 0)
    with services.reading() as uow:
        done = job_by_id(uow, job_id=job.id)
    assert done is not None
    assert (done.state, done.attempts) == (JobState.DONE, 1)


def test_two_workers_do_not_take_the_same_job(services: Services) -> None:
    with services.unit_of_work() as uow:
        job = request_job(uow, JobName.VERIFY_LOG, subject_id=new_id())
    with services.unit_of_work() as uow:
        assert claim_job(uow, job.id) is not None
    with services.unit_of_work() as uow:
        assert claim_job(uow, job.id) is None


def test_a_job_whose_worker_was_killed_is_run_again_after_its_lease(
    team: Person,
    project_id: str,
    services: Services,
    worker_environment: dict[str, str],
    work_off: WorkOff,
) -> None:
    import_id = import_csv(team, project_id, patients_csv(range(3)))
    _kill_a_worker_in_the_middle(worker_environment, STUCK_WORKER)
    assert sweep(services) == 0  # its lease still holds: somebody may be at it
    with clock.moved_to(clock.now() + LEASE + timedelta(seconds=1)):
        assert sweep(services) == 1
        work_off()
    found = made(team.get(f"/imports/{import_id}"), 200)
    assert (found["state"], found["added"]) == ("finished", 3)


def test_a_job_that_kills_every_worker_is_given_up_with_a_reason(
    team: Person, officer: Person, project_id: str, services: Services
) -> None:
    import_id = import_csv(team, project_id, patients_csv(range(3)))
    with services.reading() as uow:
        (job,) = due_jobs(uow)
    moment = clock.now()
    for _ in range(MOST_ATTEMPTS):
        with clock.moved_to(moment), services.unit_of_work() as uow:
            assert claim_job(uow, job.id) is not None
        moment += LEASE + timedelta(seconds=1)
    with clock.moved_to(moment):
        sweep(services)
    assert state_of(team, import_id) == "failed"
    with services.reading() as uow:
        assert due_jobs(uow) == []
    (entry,) = officer.get("/log/entries?action=job.failed").get_json()["items"]
    assert entry["subject_id"] == str(job.id)


def test_a_consensus_whose_worker_was_killed_loses_no_label_and_comes_out_once(
    *,
    team: Person,
    person: Callable[..., Person],
    services: Services,
    run_jobs: RunJobs,
    worker_environment: dict[str, str],
    work_off: WorkOff,
) -> None:
    project_id = patients_project(team, run_jobs)
    labels = label_everything(person(Role.ANNOTATOR), project_id)
    run_id = made(team.post(f"/projects/{project_id}/consensus-runs", {}), 202)["id"]
    _kill_a_worker_in_the_middle(worker_environment, STUCK_FIT)
    with services.reading() as uow:
        assert run_by_id(uow, run_id=UUID(run_id)).stage.startswith("weighing")
    with clock.moved_to(clock.now() + LEASE + timedelta(seconds=1)):
        assert sweep(services) == 1
        work_off()
    with services.reading() as uow:
        run = run_by_id(uow, run_id=UUID(run_id))
        assert (run.state, run.n_labels) == (WorkState.FINISHED, len(labels))


class AwayOnce(Services):
    """Services whose database is away when it is asked for the first time."""

    failures: ClassVar[list[OperationalError]] = []

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        if self.failures:
            raise self.failures.pop()
        return super().unit_of_work()


def test_a_job_keeps_its_lease_when_the_database_was_away_for_a_beat(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.unit_of_work() as uow:
        job_id = request_job(uow, JobName.VERIFY_LOG, subject_id=new_id()).id
    with services.unit_of_work() as uow:
        claimed = claim_job(uow, job_id)
    assert claimed is not None
    away = AwayOnce(**{each.name: getattr(services, each.name) for each in fields(services)})
    AwayOnce.failures.append(OperationalError("UPDATE", {}, Exception("the server is away")))
    monkeypatch.setattr(running, "LEASE", timedelta(seconds=0.06))
    with running._alive(away, job_id):
        time.sleep(0.3)
    assert not AwayOnce.failures
    with services.reading() as uow:
        renewed = job_by_id(uow, job_id=job_id)
    assert renewed is not None
    assert renewed.lease_until > claimed.lease_until


def _kill_a_worker_in_the_middle(environment: dict[str, str], script: str) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", script, environment["FOLKMOOT_QUEUE_URL"]],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert worker.stdout is not None
    with worker.stdout:
        assert worker.stdout.readline() == "claimed\n"
    # The process that it forked for the job is in a group of its own, so each is killed by itself.
    parent = psutil.Process(worker.pid)
    for one in [*parent.children(recursive=True), parent]:
        one.kill()
    worker.wait()
