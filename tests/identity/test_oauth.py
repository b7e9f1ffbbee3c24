"""The token endpoint as a machine meets it, against Authlib's own client and by hand."""

from datetime import timedelta

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from sqlmodel import select

from folkmoot.identity.accounts import actor_of, deactivate
from folkmoot.identity.clients import clients_of, register_client, revoke_client
from folkmoot.identity.models import AccessToken
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import actor_of_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import InvalidInput, NotSignedIn
from folkmoot.kernel.pagination import PageRequest


@pytest.fixture
def machine(house, noise):
    return house.account("machine@example.org", Role.TEAM, password=None, name="Machine")


@pytest.fixture
def client(house, machine):
    with house.services.unit_of_work() as uow:
        return register_client(
            uow,
            PLATFORM,
            account_id=machine.id,
            name="pipeline",
            scopes=["decisions:submit", "models:read"],
        )


def fetch(browser, client, *, secret=None, by_form=False, client_id=None, **form: str):
    form.setdefault("grant_type", "client_credentials")
    who = (client_id or client.row.client_id, secret or client.secret)
    if by_form:
        return browser.post(
            "/oauth/token", data={"client_id": who[0], "client_secret": who[1], **form}
        )
    return browser.post("/oauth/token", data=form, auth=who)


def who(house, text):
    with house.services.reading() as uow:
        return actor_of_token(uow, text)


@pytest.mark.parametrize("by_form", [False, True])
def test_a_client_fetches_a_token_that_works_for_an_hour(house, browser, client, machine, by_form):
    answer = fetch(browser, client, by_form=by_form)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert answer.json["scope"].split() == ["decisions:submit", "models:read"]
    assert "refresh_token" not in answer.json
    actor = who(house, answer.json["access_token"])
    assert (actor.id, actor.permissions) == (machine.id, {"decisions:submit", "models:read"})
    with (
        clock.moved_to(clock.now() + timedelta(minutes=60, seconds=1)),
        pytest.raises(NotSignedIn, match="expired"),
    ):
        who(house, answer.json["access_token"])


def test_a_fetched_token_is_kept_as_a_digest_and_recorded(house, browser, client):
    text = fetch(browser, client).json["access_token"]
    with house.services.reading() as uow:
        row = uow.session.exec(select(AccessToken)).one()
    assert text not in row.model_dump_json()
    assert row.oauth_client_id == client.row.id
    assert house.actions()[-2:] == ["oauth_client.registered", "token.issued"]


def test_a_client_may_ask_for_less(house, browser, client):
    answer = fetch(browser, client, scope="models:read")
    assert answer.json["scope"] == "models:read"
    assert who(house, answer.json["access_token"]).permissions == {"models:read"}


@pytest.mark.parametrize("scope", ["log:read", "models:read accounts:manage", "nonsense"])
def test_a_client_that_asks_for_more_gets_nothing(browser, client, scope):
    answer = fetch(browser, client, scope=scope)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")


def test_a_wrong_id_and_a_wrong_secret_look_alike(browser, client):
    wrong_secret = fetch(browser, client, secret="fms_wrong")
    wrong_id = fetch(browser, client, client_id="fmc_wrong")
    assert wrong_secret.status_code == wrong_id.status_code == 401
    assert wrong_secret.json == wrong_id.json
    assert wrong_secret.json["error"] == "invalid_client"
    assert wrong_secret.headers["WWW-Authenticate"].startswith("Basic")


def test_an_id_without_its_secret_is_refused(browser, client):
    form = {"grant_type": "client_credentials", "client_id": client.row.client_id}
    assert browser.post("/oauth/token", data=form).json["error"] == "invalid_client"


@pytest.mark.parametrize("grant_type", ["password", "authorization_code", "refresh_token", ""])
def test_there_is_no_other_grant(browser, client, grant_type):
    answer = fetch(browser, client, grant_type=grant_type)
    assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


def test_a_revoked_client_fetches_nothing_and_its_tokens_end(house, browser, client):
    text = fetch(browser, client).json["access_token"]
    for _ in range(2):
        with house.services.unit_of_work() as uow:
            revoke_client(uow, PLATFORM, client_id=client.row.id)
    assert fetch(browser, client).json["error"] == "invalid_client"
    with pytest.raises(NotSignedIn, match="revoked"):
        who(house, text)
    assert house.actions().count("oauth_client.revoked") == 1


def test_a_client_of_a_closed_account_fetches_nothing(house, browser, client, machine):
    with house.services.unit_of_work() as uow:
        deactivate(uow, PLATFORM, account_id=machine.id)
    assert fetch(browser, client).json["error"] == "invalid_client"


def test_a_client_gets_no_scope_that_its_account_lacks(house, machine):
    with house.services.unit_of_work() as uow, pytest.raises(InvalidInput):
        register_client(uow, PLATFORM, account_id=machine.id, name="x", scopes=["log:read"])


def test_a_person_registers_clients_for_themselves(house, noise):
    with house.services.unit_of_work() as uow:
        me = actor_of(uow, noise.id)
        register_client(uow, me, account_id=noise.id, name="notebook", scopes=["labels:read"])
    with house.services.reading() as uow:
        found = clients_of(uow, PLATFORM, account_id=noise.id, wanted=PageRequest())
        assert [client.name for client in found.items] == ["notebook"]


def test_the_description_of_the_server_is_valid(browser):
    described = browser.get("/.well-known/oauth-authorization-server").json
    assert described["token_endpoint"].endswith("/oauth/token")
    assert described["grant_types_supported"] == ["client_credentials"]
    assert described["response_types_supported"] == []  # which Authlib takes for a missing list
    AuthorizationServerMetadata(described | {"response_types_supported": ["none"]}).validate()


def test_the_lifetime_of_fetched_tokens_is_a_setting(make_app):
    house, app = make_app(access_token_minutes=5)
    account = house.account("machine@example.org", Role.TEAM, password=None)
    with house.services.unit_of_work() as uow:
        client = register_client(
            uow, PLATFORM, account_id=account.id, name="x", scopes=["models:read"]
        )
    assert fetch(app.test_client(), client).json["expires_in"] == 300
