"""Accounts and tokens over HTTP: who may make them, how strong, for how long."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlmodel import func, select

from folkmoot.bootstrap import Services
from folkmoot.identity.models import AccessToken, Account
from folkmoot.identity.permissions import Role
from folkmoot.kernel import clock
from folkmoot.kernel.idempotency import KeptAnswer

from .conftest import Person
from .story import made
from .test_calling import refused


@pytest.fixture
def admin(person: Callable[..., Person]) -> Person:
    return person(Role.ADMIN)


def token_body(who: Person, **changes: Any) -> dict[str, Any]:
    until = (clock.now() + timedelta(days=1)).isoformat()
    body = {"account_id": str(who.account_id), "name": "ours", "expires_at": until}
    return {**body, "scopes": ["projects:read"], **changes}


def count(services: Services, table: type) -> int:
    with services.reading() as uow:
        return uow.session.exec(select(func.count()).select_from(table)).one()


def test_everybody_can_ask_who_they_are(annotator: Person) -> None:
    me = made(annotator.get("/me"), 200)
    assert (me["id"], me["permissions"]) == (str(annotator.account_id), ["label"])


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"email": "a@" + "b" * 260}, "/email"),
        ({"roles": ["emperor"]}, "/roles/0"),
        ({"password": "short"}, "/password"),
        ({"display_name": ""}, "/display_name"),
    ],
)
def test_an_account_that_breaks_a_rule_is_not_made(
    changes: dict[str, object], pointer: str, admin: Person, services: Services
) -> None:
    body = {"email": "new@example.org", "display_name": "New", **changes}
    problem = refused(admin.post("/accounts", body), 422)
    assert [one["pointer"] for one in problem["fields"]] == [pointer]
    assert count(services, Account) == 1


def test_a_password_never_comes_back(admin: Person) -> None:
    body = {"email": "New@Example.org", "display_name": "New", "password": "a long enough one"}
    answer = admin.post("/accounts", body)
    assert made(answer)["email"] == "new@example.org"
    assert "long enough" not in answer.text
    assert "hash" not in answer.text


def test_an_address_that_is_taken_conflicts(admin: Person, services: Services) -> None:
    body = {"email": "ADMIN@example.org", "display_name": "Another"}
    refused(admin.post("/accounts", body), 409)
    assert count(services, Account) == 1


def test_only_an_administrator_makes_accounts(team: Person) -> None:
    body = {"email": "new@example.org", "display_name": "New"}
    assert "accounts:manage" in refused(team.post("/accounts", body), 403)["detail"]


def test_nobody_widens_their_own_roles(admin: Person) -> None:
    path = f"/accounts/{admin.account_id}/roles"
    refused(admin.put(path, {"roles": ["admin", "officer"]}), 403)


def test_a_new_role_counts_from_the_next_request_on(admin: Person, annotator: Person) -> None:
    made(admin.put(f"/accounts/{annotator.account_id}/roles", {"roles": []}), 200)
    assert made(annotator.get("/me"), 200)["permissions"] == []


def test_a_token_is_no_stronger_than_who_asks_for_it(team: Person, services: Services) -> None:
    before = count(services, AccessToken)
    refused(team.post("/tokens", token_body(team, scopes=["accounts:manage"])), 422)
    refused(team.post("/tokens", token_body(team, scopes=[])), 422)
    assert count(services, AccessToken) == before


def test_a_narrow_token_cannot_make_a_wide_one(team: Person, app: Flask) -> None:
    narrow = made(team.post("/tokens", token_body(team)))
    holder = Person(app.test_client(), team.account_id, narrow["text"])
    assert made(holder.get("/me"), 200)["permissions"] == ["projects:read"]
    refused(holder.post("/tokens", token_body(team, scopes=["projects:manage"])), 422)


def test_nobody_makes_a_token_in_another_persons_name(team: Person, officer: Person) -> None:
    refused(officer.post("/tokens", token_body(team)), 403)


@pytest.mark.parametrize("days", [-1, 400])
def test_a_token_ends_in_the_future_and_within_a_year(days: int, team: Person) -> None:
    until = (clock.now() + timedelta(days=days)).isoformat()
    refused(team.post("/tokens", token_body(team, expires_at=until)), 422)


def test_a_moment_without_a_time_zone_is_refused(team: Person) -> None:
    body = token_body(team, expires_at="2030-01-01T00:00:00")
    assert refused(team.post("/tokens", body), 422)["fields"][0]["pointer"] == "/expires_at"


def test_a_revoked_token_opens_nothing(team: Person, officer: Person, app: Flask) -> None:
    token = made(team.post("/tokens", token_body(team)))
    holder = Person(app.test_client(), team.account_id, token["text"])
    refused(officer.call("DELETE", f"/tokens/{token['id']}"), 404)
    made(holder.get("/projects"), 200)
    assert team.call("DELETE", f"/tokens/{token['id']}").status_code == 204
    assert "revoked" in refused(holder.get("/projects"), 401)["detail"]


@pytest.mark.parametrize(
    "header",
    ["Bearer fm_forged", "Bearer ", "Basic dXNlcjpwYXNz", "fm_without_scheme", "Bearer é"],
)
def test_a_forged_credential_opens_nothing(header: str, app: Flask) -> None:
    answer = app.test_client().get("/api/v1/projects", headers={"Authorization": header})
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_cookie_opens_nothing_in_the_api(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("session", "forged.value.here")
    refused(client.get("/api/v1/projects"), 401)


def test_the_text_of_a_token_is_kept_nowhere(team: Person, services: Services) -> None:
    key = {"Idempotency-Key": "once"}
    text = made(team.post("/tokens", token_body(team), headers=key))["text"]
    before = count(services, AccessToken)
    refused(team.post("/tokens", token_body(team), headers=key), 409)
    assert count(services, AccessToken) == before
    with services.reading() as uow:
        kept = uow.session.exec(select(KeptAnswer)).all()
        tokens = uow.session.exec(select(AccessToken)).all()
    assert text not in repr(kept)
    assert text not in repr(tokens)
