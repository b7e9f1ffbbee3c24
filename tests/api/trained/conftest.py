"""A project that was labelled and has a trained version: made once, copied for each test."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from folkmoot.app import create_app
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.identity.permissions import Role
from folkmoot.kernel.settings import Settings

from ..conftest import Person, make_person, run_due_jobs
from ..story import (
    POLICY,
    finished_data_set,
    finished_run,
    label_everything,
    made,
    patients_project,
    trained_version,
)

STAFF = (Role.TEAM, Role.OFFICER, Role.REVIEWER)


@dataclass(frozen=True)
class World:
    """The ids of what was made before the test, and who takes part."""

    project_id: str
    run_id: str
    data_set_id: str
    model_id: str
    version_id: str
    people: dict[str, Person]

    def called_through(self, app: Flask) -> "World":
        """Return the same people, calling this application."""
        people = {name: replace(one, client=app.test_client()) for name, one in self.people.items()}
        return replace(self, people=people)


def services_in(folder: Path) -> Services:
    database = folder / "folkmoot.sqlite"
    return bootstrap(Settings(data_dir=folder, database_url=f"sqlite:///{database}"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, migrated: bytes) -> tuple[Path, World]:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "folkmoot.sqlite").write_bytes(migrated)
    services = services_in(folder)
    world = make_world(create_app(services), services)
    services.engine.dispose()
    return folder, world


def make_world(app: Flask, services: Services) -> World:
    people = {role.value: make_person(app, services, role) for role in STAFF}
    run_jobs = partial(run_due_jobs, services)
    team = people["team"]
    project_id = patients_project(team, run_jobs)
    made(people["officer"].put(f"/projects/{project_id}/policy", POLICY), 200)
    for name in ("ada", "bela"):
        people[name] = make_person(app, services, Role.ANNOTATOR, name=name)
        label_everything(people[name], project_id)
    run = finished_run(team, run_jobs, project_id)
    data_set = finished_data_set(team, run_jobs, project_id)
    model = made(team.post(f"/projects/{project_id}/models", {"name": "Follow-up"}))
    version = trained_version(team, run_jobs, model["id"], data_set["id"])
    return World(project_id, run["id"], data_set["id"], model["id"], version["id"], people)


@pytest.fixture
def services(tmp_path: Path, template: tuple[Path, World]) -> Iterator[Services]:
    """Services over a copy of the template's folder: its database, its files, its log key."""
    folder = tmp_path / "data"
    shutil.copytree(template[0], folder)
    made_services = services_in(folder)
    yield made_services
    made_services.engine.dispose()


@pytest.fixture
def world(template: tuple[Path, World], app: Flask) -> World:
    return template[1].called_through(app)


@pytest.fixture
def team(world: World) -> Person:
    return world.people["team"]


@pytest.fixture
def officer(world: World) -> Person:
    return world.people["officer"]


@pytest.fixture
def reviewer(world: World) -> Person:
    return world.people["reviewer"]
