"""`kill -9` of web, worker and Valkey while annotators work: nothing acknowledged is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from folkmoot.app import create_app
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.identity.permissions import Role
from folkmoot.kernel.settings import Settings
from folkmoot.runtime.household import household
from folkmoot.runtime.ports import free_port
from folkmoot.runtime.supervisor import Supervisor
from folkmoot_client import Connection

from ..api.conftest import PROJECT, make_person, migrated  # noqa: F401  # a fixture
from ..api.story import patients_csv, rightly

N_TASKS, N_ANNOTATORS = 40, 3
LABELS_BETWEEN_KILLS = 20
# What the command line of each program says.
PROGRAMS = {"web": "granian", "worker": "folkmoot.jobs.worker", "Valkey": "valkey-server"}
PATIENCE_SECONDS = 120


@dataclass
class Household:
    """Everything that runs, and everybody's connection to it."""

    team: Connection
    officer: Connection
    annotators: list[Connection]
    told: list[str] = field(default_factory=list)


@pytest.fixture
def services(tmp_path: Path, migrated: bytes) -> Iterator[Services]:  # noqa: F811
    database = tmp_path / "folkmoot.sqlite"
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{database}", queue_url="")
    database.write_bytes(migrated)
    made = bootstrap(settings)
    yield made
    made.engine.dispose()


@pytest.fixture
def house(services: Services) -> Iterator[Household]:
    """The real programs under the real supervisor."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = create_app(services)

    def connected(role: Role, name: str = "") -> Connection:
        return Connection(url, token=make_person(app, services, role, name=name).token)

    made = Household(
        team=connected(Role.TEAM),
        officer=connected(Role.OFFICER),
        annotators=[connected(Role.ANNOTATOR, name) for name in ("ada", "bela", "chidi")],
    )
    programs = household(services.settings, port=port).programs
    with Supervisor(programs, tell=made.told.append):
        yield made


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def finished(connection: Connection, path: str) -> dict[str, Any]:
    eventually(lambda: connection.get(path)["state"] not in {"requested", "due", "running"})
    return connection.get(path)


def open_project(team: Connection) -> str:
    rules = {"floor": N_ANNOTATORS, "ceiling": N_ANNOTATORS, "lease_seconds": 10}
    project_id = str(team.post("/projects", {**PROJECT, **rules})["id"])
    imported = team.upload(
        f"/projects/{project_id}/imports",
        patients_csv(range(N_TASKS)),
        media_type="text/csv",
        file_name="patients.csv",
    )
    assert finished(team, f"/imports/{imported['id']}")["added"] == N_TASKS
    team.put(f"/projects/{project_id}/state", {"state": "open"})
    return project_id


def label_until_done(annotator: Connection, project_id: str, acknowledged: list[str]) -> int:
    """Label until every task has been answered, and return how many answers were acknowledged."""
    mine = 0
    while mine < N_TASKS:
        lease = annotator.post(f"/projects/{project_id}/leases")["lease"]
        while lease is not None:
            body = {
                "lease_id": lease["lease_id"],
                "answer": rightly(lease["payload"]),
                "active_seconds": 1,
                "lease_next": True,
            }
            answered = annotator.post(f"/projects/{project_id}/labels", body)
            acknowledged.append(answered["label"]["id"])
            lease = answered["lease"]
            mine += 1
    return mine


def kill(program: str) -> None:
    """Kill every process of a program, but not the reaper that watches over it."""
    family = psutil.Process().children(recursive=True)
    victims = [one for one in family if is_of(program, one)]
    assert victims, f"no process of {program} was found"
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)


def is_of(program: str, process: psutil.Process) -> bool:
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return False  # it has ended by itself, as the worker's forks do
    return PROGRAMS[program] in words and "reaper" not in words


def test_killing_each_program_in_turn_loses_no_label_and_counts_none_twice(
    house: Household,
) -> None:
    project_id = open_project(house.team)
    acknowledged: list[str] = []
    with ThreadPoolExecutor(N_ANNOTATORS) as pool:
        days: list[Future[int]] = [
            pool.submit(label_until_done, one, project_id, acknowledged) for one in house.annotators
        ]
        for place, program in enumerate(PROGRAMS, start=1):
            eventually(lambda enough=place * LABELS_BETWEEN_KILLS: len(acknowledged) >= enough)
            kill(program)
        assert [day.result(timeout=PATIENCE_SECONDS) for day in days] == [N_TASKS] * N_ANNOTATORS

    stored = list(house.team.each(f"/projects/{project_id}/labels", limit=200))
    assert {one["id"] for one in stored} == set(acknowledged)
    assert len(stored) == len(acknowledged) == N_TASKS * N_ANNOTATORS
    answered = {(one["task_id"], one["annotator_id"]) for one in stored}
    assert len(answered) == N_TASKS * N_ANNOTATORS
    assert set(house.team.get(f"/projects/{project_id}/integrity").values()) == {0}
    assert {line.split(" stopped")[0] for line in house.told} == set(PROGRAMS)
    _everything_works_again(house, project_id)


def _everything_works_again(house: Household, project_id: str) -> None:
    run = house.team.post(f"/projects/{project_id}/consensus-runs", {})
    assert (
        finished(house.team, f"/consensus-runs/{run['id']}")["n_labels"] == N_TASKS * N_ANNOTATORS
    )
    eventually(lambda: house.officer.get("/log/health")["unsealed"] == 0)
    job = house.officer.post("/log/verifications")
    assert finished(house.officer, f"/jobs/{job['id']}")["state"] == "done"
    assert house.officer.get("/log/health")["last_verification"]["findings"] == []
