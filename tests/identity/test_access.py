"""What an endpoint declares is what holds, in pages and in the API."""

from datetime import timedelta

import pytest

from folkmoot.identity import access
from folkmoot.identity.accounts import actor_of
from folkmoot.identity.permissions import Permission, Role
from folkmoot.identity.tokens import issue_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotAllowed, NotSignedIn
from folkmoot.kernel.ids import new_id


def token_of(house, email, *roles: Role, scopes):
    account = house.account(email, *roles, password=None)
    with house.services.unit_of_work() as uow:
        return issue_token(
            uow,
            actor_of(uow, account.id),
            account_id=account.id,
            name="script",
            scopes=scopes,
            expires_at=clock.now() + timedelta(days=1),
        ).text


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def test_a_view_carries_what_it_declared():
    assert access.access_of(access.public(lambda: None)).is_public
    assert access.access_of(access.requires(Permission.REVIEW)(lambda: None)).permission == "review"
    assert access.access_of(access.signed_in(lambda: None)) == access.SIGNED_IN
    assert access.access_of(lambda: None) is None


def test_declared_access_is_checked():
    reader = Actor(id=new_id(), name="Ada", permissions=frozenset({"log:read"}))
    needs_log = access.Access(permission=Permission.READ_LOG)
    access.check_access(access.PUBLIC, None)
    access.check_access(access.SIGNED_IN, reader)
    access.check_access(needs_log, reader)
    with pytest.raises(NotSignedIn):
        access.check_access(access.SIGNED_IN, None)
    with pytest.raises(NotAllowed):
        access.check_access(access.Access(permission=Permission.REVIEW), reader)


def test_an_endpoint_that_declares_nothing_is_shut_to_everybody(house, browser, noise):
    text = token_of(house, "root@example.org", *Role, scopes=[p.value for p in Permission])
    assert browser.get("/undeclared").json["code"] == "not-allowed"
    assert browser.get("/undeclared", headers=bearer(text)).json["code"] == "not-allowed"


def test_an_address_that_does_not_exist_is_simply_not_found(browser):
    assert browser.get("/nowhere").status_code == 404
    assert browser.delete("/me").status_code == 405


def test_the_api_takes_a_bearer_token_and_its_permission(house, browser, noise):
    text = token_of(house, "ada@example.org", Role.OFFICER, scopes=["log:read"])
    assert browser.get("/api/v1/log", headers=bearer(text)).text == "the log"
    assert browser.post("/api/v1/me", headers=bearer(text)).text == "Somebody"


def test_the_api_refuses_a_token_without_the_permission(house, browser, noise):
    text = token_of(house, "ada@example.org", Role.OFFICER, scopes=["reports:read"])
    answer = browser.get("/api/v1/log", headers=bearer(text))
    assert (answer.status_code, answer.json["code"]) == (403, "not-allowed")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer fm_unknown", "x"]
)
def test_the_api_refuses_what_is_no_token(browser, header):
    answer = browser.get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_bearer_token_opens_no_page(house, browser, noise):
    text = token_of(house, "ada@example.org", Role.OFFICER, scopes=["log:read"])
    assert browser.get("/log", headers=bearer(text)).status_code == 401
