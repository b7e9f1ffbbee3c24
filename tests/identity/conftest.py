"""Services over an empty database, people in it, and a small application around them."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient
from jinja2 import DictLoader
from pydantic import SecretStr
from sqlmodel import SQLModel, select

import audit.models
import crowd.models
import folkmoot.kernel.idempotency
import folkmoot.kernel.outbox
import governance.models
from audit.models import Entry
from folkmoot.api import oauth_token
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.identity import access
from folkmoot.identity.accounts import AccountDraft, create_account
from folkmoot.identity.models import Account
from folkmoot.identity.permissions import Permission, Role
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.settings import Settings
from folkmoot.web import sessions, sign_in

# Every module whose tables the database has.
TABLES = (
    audit.models,
    crowd.models,
    folkmoot.kernel.idempotency,
    folkmoot.kernel.outbox,
    governance.models,
)
PASSWORD = "a careful passphrase"
STATUS = {
    "not-signed-in": 401,
    "not-found": 404,
    "not-allowed": 403,
    "too-many": 429,
    "unavailable": 503,
}

SIGN_IN_PAGE = "{{ form.error or '' }}|{{ form.next }}|{{ oidc_url or '' }}|{{ csrf_token() }}"


@dataclass(frozen=True)
class House:
    """Services, and short ways to put people in and to look at what was recorded."""

    services: Services

    def account(
        self, email: str, *roles: Role, password: str | None = PASSWORD, name: str = "Somebody"
    ) -> Account:
        secret = None if password is None else SecretStr(password)
        draft = AccountDraft(
            email=email, display_name=name, roles=frozenset(roles), password=secret
        )
        with self.services.unit_of_work() as uow:
            return create_account(uow, PLATFORM, draft=draft)

    def actions(self) -> list[str]:
        with self.services.reading() as uow:
            return [entry.action.value for entry in uow.session.exec(select(Entry)).all()]

    def envelopes(self) -> str:
        with self.services.reading() as uow:
            return "\n".join(e.envelope.decode() for e in uow.session.exec(select(Entry)).all())


MakeHouse = Callable[..., House]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and no row; tests copy it, which is faster than making one."""
    path = tmp_path_factory.mktemp("empty") / "folkmoot.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def make_house(tmp_path: Path, empty_database: Path) -> Iterator[MakeHouse]:
    """Build services with some settings; what is not said is as for development on SQLite."""
    made: list[Services] = []

    def make(**settings: object) -> House:
        _put_database(empty_database, tmp_path / "data")
        services = bootstrap(Settings(data_dir=tmp_path / "data", **settings))
        made.append(services)
        return House(services)

    yield make
    for services in made:
        services.engine.dispose()


def _put_database(empty: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    if not (folder / "folkmoot.sqlite").exists():
        shutil.copy(empty, folder)


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    return make_house()


@pytest.fixture
def noise(house: House) -> Account:
    """Somebody else, so that a query that forgets to ask for one account shows."""
    return house.account("noise@example.org", Role.ADMIN, Role.OFFICER, Role.REVIEWER, Role.TEAM)


def application(house: House) -> Flask:
    """The identity parts of the real application, with pages that say who asks."""
    app = Flask("folkmoot", static_folder=None)
    app.extensions["folkmoot"] = house.services
    app.config["SECRET_KEY"] = house.services.settings.secret_key.get_secret_value()
    app.jinja_loader = DictLoader({"sign_in.html": SIGN_IN_PAGE})
    app.register_error_handler(DomainError, lambda e: (jsonify(code=e.code), STATUS[e.code]))
    sessions.install(app, house.services)
    sign_in.install(app, house.services)
    oauth_token.install(app, house.services)
    access.install(app)
    _add_pages(app)
    return app


def _add_pages(app: Flask) -> None:
    def who() -> str:
        return access.current_actor().name

    app.add_url_rule("/me", "me", access.signed_in(who), methods=["GET", "POST"])
    app.add_url_rule("/log", "log", access.requires(Permission.READ_LOG)(lambda: "the log"))
    app.add_url_rule("/undeclared", "undeclared", lambda: "never seen")
    app.add_url_rule("/api/v1/me", "api_me", access.signed_in(who), methods=["GET", "POST"])
    app.add_url_rule(
        "/api/v1/log", "api_log", access.requires(Permission.READ_LOG)(lambda: "the log")
    )


@pytest.fixture
def app(house: House) -> Flask:
    return application(house)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def make_app(make_house: MakeHouse) -> Callable[..., tuple[House, Flask]]:
    """Build services with some settings, and the application around them."""

    def make(**settings: object) -> tuple[House, Flask]:
        house = make_house(**settings)
        return house, application(house)

    return make
