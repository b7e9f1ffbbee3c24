"""The whole application over a real SQLite file, called as a client does; jobs run on demand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy.engine import Engine
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from folkmoot.app import create_app
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.identity.accounts import AccountDraft, actor_of, create_account
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import issue_token
from folkmoot.jobs.audit_jobs import seal
from folkmoot.jobs.running import run_claimed
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.outbox import due_jobs
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings

PROJECT = {
    "slug": "cats",
    "title": "Is there a cat?",
    "answer_schema": {"choices": ["yes", "no"]},
    "instructions": "Look for a cat.",
    "floor": 1,
    "ceiling": 2,
    "confidence": 0.9,
    "gold_share": 0.0,
    "pay_minor": 5,
}


@dataclass(frozen=True)
class Person:
    """Someone with a token, calling the API."""

    client: FlaskClient
    account_id: UUID
    token: str

    def call(self, method: str, path: str, **request: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **request)

    def get(self, path: str, **request: Any) -> TestResponse:
        return self.call("GET", path, **request)

    def post(self, path: str, body: Any = None, **request: Any) -> TestResponse:
        return (
            self.call("POST", path, json=body, **request)
            if body is not None
            else self.call("POST", path, **request)
        )

    def put(self, path: str, body: Any) -> TestResponse:
        return self.call("PUT", path, json=body)


def make_person(app: Flask, services: Services, *roles: Role, name: str = "") -> Person:
    """Make an account with these roles and a token for all that it may do."""
    label = name or "-".join(role.value for role in roles)
    with services.unit_of_work() as uow:
        draft = AccountDraft(
            email=f"{label}@example.org",
            display_name=label.title(),
            password=SecretStr("correct horse battery"),
            roles=frozenset(roles),
        )
        account = create_account(uow, PLATFORM, draft=draft)
        issued = issue_token(
            uow,
            PLATFORM,
            account_id=account.id,
            name="test",
            scopes=actor_of(uow, account.id).permissions,
            expires_at=clock.now() + timedelta(hours=1),
        )
    return Person(app.test_client(), account.id, issued.text)


def run_due_jobs(services: Services) -> None:
    """Run every job that waits, as a worker would, and seal the log."""
    while True:
        with services.reading() as uow:
            due = due_jobs(uow)
        for job in due:
            run_claimed(services, job.id)
        if not due:
            break
    seal(services)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database at the newest revision, as bytes to copy from."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    settings = Settings(data_dir=path.parent, database_url=f"sqlite:///{path}")
    engine = bootstrap(settings).engine
    upgrade_database(engine)
    engine.dispose()  # the last connection to close moves the write-ahead log into the file
    return path.read_bytes()


@pytest.fixture
def services(tmp_path: Path, migrated: bytes) -> Iterator[Services]:
    """Services over a fresh database, without a queue: jobs wait until a test runs them."""
    database = tmp_path / "folkmoot.sqlite"
    database.write_bytes(migrated)
    made = bootstrap(Settings(data_dir=tmp_path, database_url=f"sqlite:///{database}"))
    yield made
    made.engine.dispose()


@pytest.fixture
def engine(services: Services) -> Engine:
    return services.engine


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


class QuietRequestHandler(WSGIRequestHandler):
    """Serves without a line for each request, and keeps connections as servers in production do."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application by a thread of this process, at the address that is given."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietRequestHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def live_url(app: Flask) -> Iterator[str]:
    """The address at which the application is served."""
    with serving(app) as url:
        yield url


@pytest.fixture
def person(app: Flask, services: Services) -> Callable[..., Person]:
    """Make somebody with these roles."""

    def make(*roles: Role, name: str = "") -> Person:
        return make_person(app, services, *roles, name=name)

    return make


@pytest.fixture
def team(person: Callable[..., Person]) -> Person:
    return person(Role.TEAM)


@pytest.fixture
def officer(person: Callable[..., Person]) -> Person:
    return person(Role.OFFICER)


@pytest.fixture
def reviewer(person: Callable[..., Person]) -> Person:
    return person(Role.REVIEWER)


@pytest.fixture
def annotator(person: Callable[..., Person]) -> Person:
    return person(Role.ANNOTATOR)


@pytest.fixture
def run_jobs(services: Services) -> Callable[[], None]:
    """Run every job that waits, as a worker would, and seal the log."""
    return partial(run_due_jobs, services)


@pytest.fixture
def open_project(team: Person, run_jobs: Callable[[], None]) -> Callable[..., str]:
    """Make a project of some tasks, open it, and return its id."""

    def make(n_tasks: int = 3, **changes: Any) -> str:
        project_id = team.post("/projects", {**PROJECT, **changes}).get_json()["id"]
        rows = "external_id,text\n" + "".join(f"t{n},Picture {n}\n" for n in range(n_tasks))
        team.post(
            f"/projects/{project_id}/imports?file_name=tasks.csv",
            data=rows.encode(),
            content_type="text/csv",
        )
        run_jobs()
        team.put(f"/projects/{project_id}/state", {"state": "open"})
        return str(project_id)

    return make
