"""A project with annotators, their browsers as a test client, and as a real Chromium."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect
from sqlmodel import SQLModel, select
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.test import TestResponse

from crowd.importing import TaskRow, add_rows
from crowd.labelling import submit_label
from crowd.leasing import next_lease
from crowd.models import Project, ProjectState
from crowd.projects import ProjectDraft, change_state, create_project
from folkmoot.app import create_app
from folkmoot.bootstrap import bootstrap
from folkmoot.identity.accounts import AccountDraft, actor_of, create_account
from folkmoot.identity.models import Account
from folkmoot.identity.permissions import Role
from folkmoot.identity.sessions import open_session
from folkmoot.kernel.actor import PLATFORM, Actor
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.settings import Settings

PATIENCE = 20_000  # milliseconds, for a machine that is busy with other tests
TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
CHOICES: list[Json] = [
    {"value": "yes", "label": "Yes, soon", "help": "Within a month."},
    {"value": "no", "label": "No"},
]


class Workshop:
    """A project, its tasks and its annotators, in the fewest words that a test can say it."""

    def __init__(self, folder: Path) -> None:
        self.services = bootstrap(Settings(data_dir=folder))
        SQLModel.metadata.create_all(self.services.engine)
        self.ann = self.person("Ann")
        self.project = self.open_project("follow-up")

    def person(self, name: str, role: Role = Role.ANNOTATOR) -> Actor:
        draft = AccountDraft(
            email=f"{name.lower()}@example.org",
            display_name=name,
            roles=frozenset({role}),
        )
        with self.services.unit_of_work() as uow:
            return actor_of(uow, create_account(uow, PLATFORM, draft=draft).id)

    def open_project(
        self, slug: str, *, rows: Sequence[TaskRow] = (), **changes: object
    ) -> Project:
        given: dict[str, object] = {
            "slug": slug,
            "title": "Follow-up of patients",
            "answer_schema": {"question": "Does this patient need a visit?", "choices": CHOICES},
            "instructions": "# How to judge\n\nLook at the **whole** record.",
            "gold_share": 0.0,
            "floor": 1,
            "ceiling": 1,
            "pay_minor": 5,
        }
        draft = ProjectDraft.model_validate(given | changes)
        with self.services.unit_of_work() as uow:
            project = create_project(uow, PLATFORM, draft=draft)
            if rows:
                add_rows(uow, project_id=project.id, rows=rows)
            return change_state(uow, PLATFORM, project_id=project.id, state=ProjectState.OPEN)

    def tasks(self, *names: str, gold: Json = None, project: Project | None = None) -> None:
        rows = [
            TaskRow(external_id=name, payload={"name": name, "age": 61, "bmi": 32.1}, gold=gold)
            for name in names
        ]
        with self.services.unit_of_work() as uow:
            add_rows(uow, project_id=(project or self.project).id, rows=rows)

    def answer(self, actor: Actor, answer: Json = "yes", *, seconds: float = 30.0) -> UUID:
        """Lease the next task, answer it, and return the label's id."""
        with self.services.unit_of_work() as uow:
            leased = next_lease(uow, project_id=self.project.id, annotator_id=actor.id)
            assert leased is not None
            done = submit_label(
                uow,
                annotator_id=actor.id,
                lease_id=leased.lease_id,
                answer=answer,
                active_seconds=seconds,
            )
        return done.label.id

    def rows(self, table: type[SQLModel]) -> list[SQLModel]:
        with self.services.reading() as uow:
            return list(uow.session.exec(select(table)))


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def app(shop: Workshop) -> Flask:
    return create_app(shop.services)


@pytest.fixture
def only_gold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coin always falls so that gold is handed out, as long as there is some."""
    monkeypatch.setattr("crowd.leasing.secrets.randbelow", lambda _sides: 0)


class Desk:
    """What label.js does, one call at a time."""

    def __init__(self, client: FlaskClient, slug: str) -> None:
        self.client = client
        self.address = f"/label/{slug}"
        found = TOKEN.search(client.get(self.address).text)
        self.token = found.group(1) if found else ""

    def post(self, call: str, status: int = 200, **body: object) -> Mapping[str, Json]:
        answer = self.send(f"{self.address}/{call}", json=body)
        assert answer.status_code == status, answer.text
        if status >= 400:
            assert answer.mimetype == "application/problem+json"
        return answer.get_json()

    def send(self, address: str, **content: object) -> TestResponse:
        return self.client.post(address, headers={"X-CSRFToken": self.token}, **content)

    def next(self, *hold: str) -> Mapping[str, Json]:
        return self.post("next", hold=list(hold))

    def answer(self, answer: str = "yes") -> Mapping[str, Json]:
        """Take the next task and answer it."""
        lease = self.next()["lease"]
        return self.post("answers", lease_id=lease["id"], answer=answer, active_seconds=4)


@pytest.fixture
def client_of(app: Flask, shop: Workshop) -> Callable[[Actor], FlaskClient]:
    """Open a browser in which someone is signed in."""

    def open_as(actor: Actor) -> FlaskClient:
        with shop.services.unit_of_work() as uow:
            account = uow.session.get(Account, actor.id)
            assert account is not None
            opened = open_session(uow, account, method="password", hours=1)
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["session_id"] = str(opened.id)
        return client

    return open_as


@pytest.fixture
def desk(shop: Workshop, client_of: Callable[[Actor], FlaskClient]) -> Desk:
    """Ann's desk."""
    return Desk(client_of(shop.ann), shop.project.slug)


class LiveServer:
    """The application on a port of its own; it can be stopped, and started there again."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._server: BaseWSGIServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True)
        self._port = self._server.server_port
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture
def server(app: Flask) -> Iterator[LiveServer]:
    server = LiveServer(app)
    server.start()
    yield server
    server.stop()


@contextmanager
def opened(chromium: Chromium, **settings: object) -> Iterator[BrowserContext]:
    context = chromium.new_context(**settings)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield context
    context.close()


@pytest.fixture
def phone(
    chromium: Chromium,
    server: LiveServer,
    shop: Workshop,
    client_of: Callable[[Actor], FlaskClient],
) -> Iterator[Page]:
    """A phone of 360 pixels on which Ann is signed in; it must not break the page's policy."""
    size = {"width": 360, "height": 740}
    with opened(chromium, viewport=size, base_url=server.url) as context:
        cookie = client_of(shop.ann).get_cookie("folkmoot")
        assert cookie is not None
        context.add_cookies([{"name": "folkmoot", "value": cookie.value, "url": server.url}])
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if _is_policy(said.text) else 0)
        yield page
        assert problems == []


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text
