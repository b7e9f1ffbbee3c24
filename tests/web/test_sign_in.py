"""Sign-in, sign-out, cookies and forged forms, as a browser meets them."""

import shutil
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from flask import Flask, jsonify
from flask_wtf.csrf import generate_csrf
from jinja2 import DictLoader
from pydantic import SecretStr
from sqlmodel import SQLModel

import audit.models
import crowd.models
import folkmoot.kernel.idempotency
import folkmoot.kernel.outbox
import governance.models
from folkmoot.bootstrap import bootstrap
from folkmoot.identity import access
from folkmoot.identity.accounts import AccountDraft, create_account, end_all_sessions, find_account
from folkmoot.identity.permissions import Role
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.settings import Settings
from folkmoot.web import sessions, sign_in
from folkmoot.web.sign_in import local_path

# Every module whose tables the database has.
TABLES = (
    audit.models,
    crowd.models,
    folkmoot.kernel.idempotency,
    folkmoot.kernel.outbox,
    governance.models,
)
PASSWORD = "a careful passphrase"
STATUS = {"not-signed-in": 401, "not-allowed": 403}
PAGE = "{{ form.email }}|{{ form.error or '' }}|{{ form.next }}|{{ csrf_token() }}"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and no row; tests copy it, which is faster than making one."""
    path = tmp_path_factory.mktemp("empty") / "folkmoot.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def make_app(tmp_path, empty_database):
    """The sign-in pages and one page that says who asks, over an empty database with Ada in it."""

    def make(**settings: object) -> Flask:
        shutil.copy(empty_database, tmp_path)
        services = bootstrap(Settings(data_dir=tmp_path, **settings))
        draft = AccountDraft(
            email="ada@example.org",
            display_name="Ada",
            roles=frozenset({Role.REVIEWER}),
            password=SecretStr(PASSWORD),
        )
        with services.unit_of_work() as uow:
            create_account(uow, PLATFORM, draft=draft)
        return application(services)

    return make


def application(services):
    app = Flask("folkmoot", static_folder=None)
    app.extensions["folkmoot"] = services
    app.config["SECRET_KEY"] = services.settings.secret_key.get_secret_value()
    app.jinja_loader = DictLoader({"sign_in.html": PAGE})
    app.register_error_handler(DomainError, lambda e: (jsonify(code=e.code), STATUS[e.code]))
    sessions.install(app, services)
    sign_in.install(app, services)
    access.install(app)
    who = access.signed_in(lambda: sessions.current_actor().name)
    app.add_url_rule("/me", "me", who, methods=["GET", "POST"])
    app.add_url_rule("/form", "form", access.public(generate_csrf))
    return app


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def browser(app):
    return app.test_client()


def form_token(browser):
    return browser.get("/form").text


def enter(browser, *, password=PASSWORD, going_on="/me", base_url=None):
    form = {"email": "ada@example.org", "password": password, "next": going_on}
    token = browser.get("/form", base_url=base_url).text
    return browser.post("/sign-in", data={**form, "csrf_token": token}, base_url=base_url)


def test_a_person_signs_in_and_goes_on_to_where_they_wanted(browser):
    answer = enter(browser, going_on="/me?tab=2")
    assert (answer.status_code, answer.location) == (303, "/me?tab=2")
    assert browser.get("/me").text == "Ada"


def test_a_refusal_shows_the_form_again_without_the_password(browser):
    answer = enter(browser, password="a careless passphrase")
    email, error, going_on, _ = answer.text.split("|")
    assert (answer.status_code, email, going_on) == (403, "ada@example.org", "/me")
    assert error == "The e-mail address or the password is not right."
    assert "careless" not in answer.text
    assert browser.get("/me").status_code == 401


def test_who_is_signed_in_is_not_asked_again(browser):
    enter(browser)
    answer = browser.get("/sign-in?next=/me")
    assert (answer.status_code, answer.location) == (302, "/me")


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser):
    enter(browser)
    cookie = browser.get_cookie("folkmoot")
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert cookie.path == "/"
    assert not cookie.domain or cookie.origin_only


def test_in_production_the_cookie_is_secure_and_bound_to_the_host(make_app, tmp_path, monkeypatch):
    monkeypatch.setattr("folkmoot.kernel.settings.Settings.is_production", True)
    browser = make_app().test_client()
    answer = enter(browser, base_url="https://localhost")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["__Host-folkmoot"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert browser.get("/me", base_url="https://localhost").text == "Ada"


def test_signing_in_starts_a_fresh_cookie(browser):
    with browser.session_transaction() as before:
        before["planted"] = "by an attacker"
    enter(browser)
    with browser.session_transaction() as after:
        assert "planted" not in after


def test_a_copied_cookie_is_worth_nothing_after_sign_out(app, browser):
    enter(browser)
    copied = browser.get_cookie("folkmoot").value
    answer = browser.post("/sign-out", data={"csrf_token": form_token(browser)})
    assert answer.status_code == 303
    thief = app.test_client()
    thief.set_cookie("folkmoot", copied)
    assert browser.get("/me").status_code == 401
    assert thief.get("/me").status_code == 401


def test_signing_out_here_leaves_another_browser_signed_in(app, browser):
    other = app.test_client()
    enter(browser)
    enter(other)
    browser.post("/sign-out", data={"csrf_token": form_token(browser)})
    assert other.get("/me").text == "Ada"


def test_signing_out_twice_is_no_error(browser):
    for _ in range(2):
        token = form_token(browser)
        assert browser.post("/sign-out", data={"csrf_token": token}).status_code == 303


def test_every_session_can_be_ended_from_elsewhere(app, browser):
    enter(browser)
    services = app.extensions["folkmoot"]
    with browser.session_transaction() as cookie:
        assert set(cookie) <= {"session_id", "csrf_token", "_permanent"}
    with services.unit_of_work() as uow:
        ada = find_account(uow, email="ada@example.org")
        end_all_sessions(uow, PLATFORM, account_id=ada.id)
    assert browser.get("/me").status_code == 401
    enter(browser)
    assert browser.get("/me").text == "Ada"


def test_a_session_ends_after_the_hours_of_the_settings(make_app):
    browser = make_app(session_hours=2).test_client()
    enter(browser)
    with clock.moved_to(clock.now() + timedelta(hours=1, minutes=59)):
        assert browser.get("/me").text == "Ada"
    with clock.moved_to(clock.now() + timedelta(hours=2)):
        assert browser.get("/me").status_code == 401


@pytest.mark.parametrize("value", ["", "x", "eyJhIjoxfQ.aaaa.bbbb", "e30.Zx.forged-signature"])
def test_a_forged_cookie_signs_nobody_in(browser, value):
    browser.set_cookie("folkmoot", value)
    assert browser.get("/me").status_code == 401


def test_a_cookie_of_another_secret_signs_nobody_in(make_app, app, browser):
    enter(browser)
    app.config["SECRET_KEY"] = "another secret of this server"
    assert browser.get("/me").status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/me"])
@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_form_without_our_token_is_refused(browser, path, token):
    enter(browser)
    form = {} if token is None else {"csrf_token": token}
    answer = browser.post(path, data=form)
    assert (answer.status_code, answer.json["code"]) == (403, "not-allowed")
    assert browser.get("/me").text == "Ada"


def test_the_form_token_of_another_browser_is_refused(app, browser):
    enter(browser)
    answer = browser.post("/me", data={"csrf_token": form_token(app.test_client())})
    assert answer.status_code == 403


def test_a_script_of_ours_sends_the_token_in_a_header(browser):
    enter(browser)
    token = form_token(browser)
    assert browser.post("/me", headers={"X-CSRFToken": token}).text == "Ada"


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "///elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "\n//elsewhere.example",
        " //elsewhere.example",
        "/me\x00",
        "/me\x1b[2J",
        "javascript:alert(1)",
        "elsewhere.example",
        "http:elsewhere.example",
        "/" + "x" * 5000,
        "//[",
        "",
        None,
    ],
)
def test_nobody_is_sent_to_another_server(address):
    assert local_path(address) == "/"


@pytest.mark.parametrize("address", ["/", "/me", "/review/abc?tab=2#top", "/a//b", "/@x"])
def test_addresses_of_this_server_are_kept(address):
    assert local_path(address) == address


def test_sign_in_does_not_send_anybody_elsewhere(browser):
    assert enter(browser, going_on="https://elsewhere.example/").location == "/"
    assert browser.get("/sign-in?next=//elsewhere.example").location == "/"
