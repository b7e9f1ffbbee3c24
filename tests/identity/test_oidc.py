"""Sign-in at an OpenID provider, the whole way through HTTP, against a small one of our own."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlmodel import select
from werkzeug.serving import make_server

from folkmoot.identity.accounts import actor_of, deactivate
from folkmoot.identity.models import OidcIdentity
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import issue_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM

KEY = RSAKey.generate_key(2048, {"kid": "one"})
CLIENT_ID, CLIENT_SECRET = "folkmoot", "a secret of the provider"


@dataclass
class Provider:
    """An OpenID provider that signs everybody in as one person, and can be told to misbehave."""

    issuer: str
    key: RSAKey = field(default_factory=lambda: KEY)
    person: dict[str, object] = field(default_factory=dict)
    twisted: dict[str, object] = field(default_factory=dict)  # claims put over the right ones
    signs_with: RSAKey | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    spent: list[str] = field(default_factory=list)

    def authorize(self):
        code = secrets.token_urlsafe()
        self.asked[code] = request.args.to_dict()
        back = {"code": code, "state": request.args["state"]}
        return redirect(f"{request.args['redirect_uri']}?{urlencode(back)}")

    def token(self):
        asked = self.asked.pop(request.form["code"], None)
        if asked is None or not self.may_have_token(asked):
            return jsonify(error="invalid_grant"), 400
        self.spent.append(request.form["code"])
        return jsonify(
            access_token="opaque",
            token_type="Bearer",
            expires_in=60,
            id_token=self.id_token(asked),
        )

    def discovery(self):
        return jsonify(
            issuer=self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint=f"{self.issuer}/token",
            jwks_uri=f"{self.issuer}/jwks",
            id_token_signing_alg_values_supported=["RS256"],
            response_types_supported=["code"],
            subject_types_supported=["public"],
            code_challenge_methods_supported=["S256"],
        )

    def jwks(self):
        return jsonify(keys=[self.key.as_dict(private=False)])

    def may_have_token(self, asked):
        hashed = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        return (
            asked["code_challenge_method"] == "S256"
            and asked["code_challenge"] == challenge
            and asked["redirect_uri"] == request.form["redirect_uri"]
            and request.authorization is not None
            and (request.authorization.username, request.authorization.password)
            == (CLIENT_ID, CLIENT_SECRET)
        )

    def id_token(self, asked):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.person,
            **self.twisted,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        key = self.signs_with or self.key
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, kept, key)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider that listens on loopback while a test runs."""
    app = Flask("folkmoot", static_folder=None)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    made = Provider(issuer=f"http://127.0.0.1:{server.server_port}")
    made.person = {"email": "ada@example.org", "email_verified": True}
    app.add_url_rule("/.well-known/openid-configuration", view_func=made.discovery)
    app.add_url_rule("/authorize", view_func=made.authorize)
    app.add_url_rule("/token", view_func=made.token, methods=["POST"])
    app.add_url_rule("/jwks", view_func=made.jwks)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def joined(make_app, provider):
    """A house whose people may sign in at the provider, and its application."""
    house, app = make_app(
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        public_url="http://localhost",
    )
    house.account("noise@example.org", *Role, password=None, name="Noise")
    return house, app


def start(browser, going_on="/me"):
    """Go to the provider, and return where it sends the browser back to."""
    left = browser.get("/sign-in/provider", query_string={"next": going_on})
    assert left.status_code == 302, left.text
    asked = parse_qs(urlsplit(left.location).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked) >= {"state", "nonce", "code_challenge"}
    assert asked["redirect_uri"] == ["http://localhost/sign-in/provider/return"]
    return visit_provider(left.location)


def visit_provider(address):
    back = requests.get(address, allow_redirects=False, timeout=10).headers["Location"]
    return back.removeprefix("http://localhost")


def sign_in(browser):
    return browser.get(start(browser))


def links(house):
    with house.services.reading() as uow:
        return [(one.subject, one.account_id) for one in uow.session.exec(select(OidcIdentity))]


def is_refused(browser, answer):
    return answer.status_code in (401, 403) and browser.get("/me").status_code == 401


def test_a_person_with_an_account_signs_in_and_goes_on(joined):
    house, app = joined
    account = house.account("ada@example.org", Role.REVIEWER, password=None, name="Ada")
    browser = app.test_client()
    answer = sign_in(browser)
    assert (answer.status_code, answer.location) == (303, "/me")
    assert browser.get("/me").text == "Ada"
    assert links(house) == [("subject-1", account.id)]
    assert house.actions()[-2:] == ["account.linked", "sign_in.succeeded"]


def test_after_the_first_time_the_subject_counts_and_not_the_address(joined, provider):
    house, app = joined
    house.account("ada@example.org", Role.REVIEWER, password=None, name="Ada")
    sign_in(app.test_client())
    provider.person = {"email": "noise@example.org", "email_verified": True}
    browser = app.test_client()
    sign_in(browser)
    assert browser.get("/me").text == "Ada"
    assert len(links(house)) == 1


def test_nobody_is_let_in_without_an_account(joined):
    house, app = joined
    browser = app.test_client()
    answer = sign_in(browser)
    assert is_refused(browser, answer)
    assert "no account for you" in answer.text
    assert house.actions()[-1] == "sign_in.refused"


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_that_is_not_verified_links_nothing(joined, provider, verified):
    house, app = joined
    house.account("ada@example.org", password=None)
    provider.person["email_verified"] = verified
    browser = app.test_client()
    assert is_refused(browser, sign_in(browser))
    assert links(house) == []


def test_an_account_with_a_password_is_never_taken_over(joined):
    house, app = joined
    house.account("ada@example.org", Role.ADMIN)
    browser = app.test_client()
    assert is_refused(browser, sign_in(browser))
    assert links(house) == []


def test_an_account_that_has_tokens_is_never_taken_over(joined):
    house, app = joined
    account = house.account("ada@example.org", Role.TEAM, password=None)
    with house.services.unit_of_work() as uow:
        issue_token(
            uow,
            actor_of(uow, account.id),
            account_id=account.id,
            name="machine",
            scopes=["models:read"],
            expires_at=clock.in_seconds(3600),
        )
    browser = app.test_client()
    assert is_refused(browser, sign_in(browser))


def test_a_second_subject_does_not_get_a_linked_account(joined, provider):
    house, app = joined
    house.account("ada@example.org", password=None, name="Ada")
    sign_in(app.test_client())
    provider.person["sub"] = "subject-2"
    browser = app.test_client()
    assert is_refused(browser, sign_in(browser))
    assert len(links(house)) == 1


def test_a_closed_account_stays_closed(joined):
    house, app = joined
    account = house.account("ada@example.org", password=None)
    sign_in(app.test_client())
    with house.services.unit_of_work() as uow:
        deactivate(uow, PLATFORM, account_id=account.id)
    browser = app.test_client()
    assert is_refused(browser, sign_in(browser))


@pytest.mark.parametrize(
    "twisted",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": ["somebody-else", "a-third"], "azp": CLIENT_ID},
        {"iss": "https://elsewhere.example"},
        {"exp": 1_000_000_000},
        {"sub": None},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(joined, provider, twisted):
    house, app = joined
    house.account("ada@example.org", password=None)
    provider.twisted = twisted
    browser = app.test_client()
    assert is_refused(browser, sign_in(browser))
    assert provider.spent  # it came as far as the token
    assert links(house) == []


def test_an_id_token_of_another_key_is_refused(joined, provider):
    house, app = joined
    house.account("ada@example.org", password=None)
    provider.signs_with = RSAKey.generate_key(2048)
    browser = app.test_client()
    assert is_refused(browser, sign_in(browser))


def test_a_provider_may_change_its_key(joined, provider):
    house, app = joined
    house.account("ada@example.org", password=None, name="Ada")
    sign_in(app.test_client())
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    browser = app.test_client()
    sign_in(browser)
    assert browser.get("/me").text == "Ada"


def test_another_state_is_refused_before_the_code_is_used(joined, provider):
    house, app = joined
    house.account("ada@example.org", password=None)
    browser = app.test_client()
    back = urlsplit(start(browser))
    forged = urlencode({"code": parse_qs(back.query)["code"][0], "state": "forged"})
    assert is_refused(browser, browser.get(f"{back.path}?{forged}"))
    assert not provider.spent


def test_a_code_that_was_sent_to_another_browser_is_refused(joined, provider):
    house, app = joined
    house.account("ada@example.org", password=None)
    victim = app.test_client()
    assert is_refused(victim, victim.get(start(app.test_client())))
    assert not provider.spent


def test_a_return_address_works_once(joined):
    house, app = joined
    house.account("ada@example.org", password=None)
    browser = app.test_client()
    back = start(browser)
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


@pytest.mark.parametrize("query", ["", "?error=access_denied", "?code=x", "?state=x"])
def test_a_return_without_a_sign_in_is_refused(joined, query):
    _, app = joined
    browser = app.test_client()
    assert is_refused(browser, browser.get(f"/sign-in/provider/return{query}"))


def test_the_way_on_never_leaves_this_server(joined):
    house, app = joined
    house.account("ada@example.org", password=None)
    browser = app.test_client()
    assert browser.get(start(browser, "https://elsewhere.example/")).location == "/"


def test_a_silent_provider_is_said_to_be_silent(make_app):
    _, app = make_app(oidc_issuer="http://127.0.0.1:9", oidc_client_id="x")
    answer = app.test_client().get("/sign-in/provider")
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")


def test_without_a_provider_there_is_no_such_page(browser):
    for path in ("/sign-in/provider", "/sign-in/provider/return"):
        assert browser.get(path).json["code"] == "not-found"
    assert "/sign-in/provider" not in browser.get("/sign-in").text
