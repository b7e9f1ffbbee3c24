"""Credentials over HTTP: machines that fetch tokens, what an account has, and how it ends."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.test import TestResponse

from folkmoot.bootstrap import Services
from folkmoot.identity.accounts import account_of
from folkmoot.identity.models import OAuthClient
from folkmoot.identity.permissions import Role
from folkmoot.identity.sessions import actor_of_session, open_session
from folkmoot.kernel.errors import NotSignedIn
from folkmoot.kernel.idempotency import KeptAnswer

from .conftest import Person
from .story import made
from .test_calling import refused

SCOPES = ["decisions:submit", "models:read"]


@pytest.fixture
def admin(person: Callable[..., Person]) -> Person:
    return person(Role.ADMIN)


@pytest.fixture
def machine_id(admin: Person, team: Person) -> str:
    """A machine's account, which holds a role and no password, among other people's."""
    body = {"email": "machine@example.org", "display_name": "Ward", "roles": ["team"]}
    return str(made(admin.post("/accounts", body))["id"])


def client_body(account_id: object, **changes: Any) -> dict[str, Any]:
    return {"account_id": str(account_id), "name": "pipeline", "scopes": SCOPES, **changes}


def fetch(browser: FlaskClient, client: dict[str, Any]) -> TestResponse:
    return browser.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], client["secret"]),
    )


def test_a_registered_machine_fetches_a_token_and_works_until_its_client_ends(
    admin: Person, machine_id: str, app: Flask
) -> None:
    client = made(admin.post("/oauth-clients", client_body(machine_id)))
    token = fetch(app.test_client(), client).get_json()["access_token"]
    machine = Person(app.test_client(), admin.account_id, token)
    me = made(machine.get("/me"), 200)
    assert (me["id"], me["name"], me["permissions"]) == (machine_id, "Ward", SCOPES)

    assert admin.call("DELETE", f"/oauth-clients/{client['id']}").status_code == 204
    assert "revoked" in refused(machine.get("/me"), 401)["detail"]
    assert fetch(app.test_client(), client).status_code == 401


def test_the_secret_of_a_client_is_shown_once_and_kept_nowhere(
    admin: Person, machine_id: str, services: Services
) -> None:
    key = {"Idempotency-Key": "once"}
    answer = admin.post("/oauth-clients", client_body(machine_id), headers=key)
    secret = made(answer)["secret"]
    refused(admin.post("/oauth-clients", client_body(machine_id), headers=key), 409)
    listed = admin.get(f"/accounts/{machine_id}/oauth-clients")
    assert secret not in listed.text
    with services.reading() as uow:
        (kept,) = uow.session.exec(select(OAuthClient)).all()
        answers = uow.session.exec(select(KeptAnswer)).all()
    assert secret not in repr(kept) + repr(answers)


def test_nobody_registers_a_client_in_another_persons_name_or_stronger_than_its_account(
    admin: Person, team: Person, machine_id: str
) -> None:
    refused(admin.post("/oauth-clients", client_body(team.account_id)), 403)
    refused(team.post("/oauth-clients", client_body(machine_id)), 403)
    strong = client_body(machine_id, scopes=["accounts:manage"])
    refused(admin.post("/oauth-clients", strong), 422)
    refused(admin.post("/oauth-clients", client_body(machine_id, name="a\u202eb")), 422)


def test_clients_are_listed_for_their_account_and_its_administrator_only(
    admin: Person, team: Person, officer: Person, machine_id: str
) -> None:
    theirs = made(admin.post("/oauth-clients", client_body(machine_id)))
    ours = made(team.post("/oauth-clients", client_body(team.account_id)))
    listed = made(admin.get(f"/accounts/{machine_id}/oauth-clients"), 200)["items"]
    assert [(one["id"], one["scopes"], one["revoked_at"]) for one in listed] == [
        (theirs["id"], SCOPES, None)
    ]
    listed = made(team.get(f"/accounts/{team.account_id}/oauth-clients"), 200)["items"]
    assert [one["id"] for one in listed] == [ours["id"]]
    refused(officer.get(f"/accounts/{team.account_id}/oauth-clients"), 404)
    refused(officer.call("DELETE", f"/oauth-clients/{ours['id']}"), 404)


def test_everybody_sees_their_own_tokens_and_no_text_of_them(team: Person, officer: Person) -> None:
    answer = team.get("/tokens")
    (own,) = made(answer, 200)["items"]
    assert (own["name"], own["revoked_at"]) == ("test", None)
    assert team.token not in answer.text
    assert "digest" not in answer.text
    (other,) = made(officer.get("/tokens"), 200)["items"]
    assert other["id"] != own["id"]


def test_a_closed_account_and_its_machine_stop_at_once(
    admin: Person, team: Person, app: Flask
) -> None:
    client = made(team.post("/oauth-clients", client_body(team.account_id)))
    refused(team.call("DELETE", f"/accounts/{admin.account_id}"), 403)
    assert admin.call("DELETE", f"/accounts/{team.account_id}").status_code == 204
    assert admin.call("DELETE", f"/accounts/{team.account_id}").status_code == 204
    assert "closed" in refused(team.get("/me"), 401)["detail"]
    assert fetch(app.test_client(), client).status_code == 401
    closed = {one["id"]: one["is_active"] for one in made(admin.get("/accounts"), 200)["items"]}
    assert closed == {str(admin.account_id): True, str(team.account_id): False}


def test_the_last_administrator_cannot_be_closed(admin: Person) -> None:
    refused(admin.call("DELETE", f"/accounts/{admin.account_id}"), 409)
    made(admin.get("/me"), 200)


def test_browser_sessions_end_for_oneself_or_by_an_administrator(
    admin: Person, team: Person, officer: Person, services: Services
) -> None:
    path = f"/accounts/{team.account_id}/sessions"
    for who in (admin, team):
        with services.unit_of_work() as uow:
            account = account_of(uow, team.account_id)
            session_id = open_session(uow, account, method="password", hours=1).id
        refused(officer.call("DELETE", path), 404)
        with services.reading() as uow:
            assert actor_of_session(uow, session_id).id == team.account_id
        assert who.call("DELETE", path).status_code == 204
        with services.reading() as uow, pytest.raises(NotSignedIn):
            actor_of_session(uow, session_id)
