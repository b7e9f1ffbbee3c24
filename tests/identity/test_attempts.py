"""Sign-in and the token endpoint can be tried only so often, whatever becomes of Valkey."""

import re
import uuid

import pytest

from folkmoot.identity.attempts import storage_address
from folkmoot.runtime.valkey import EmbeddedValkey

PASSWORD = "a careful passphrase"


def attempt(browser, email="ada@example.org", password="wrong", address="10.0.0.1"):
    page = browser.get("/sign-in").text
    form = {"email": email, "password": password, "csrf_token": page.rsplit("|", 1)[1]}
    return browser.post("/sign-in", data=form, environ_base={"REMOTE_ADDR": address})


def fetch(browser, client_id, address="10.0.0.1"):
    return browser.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, "wrong"),
        environ_base={"REMOTE_ADDR": address},
    )


@pytest.fixture
def few(make_app):
    """An application that allows two attempts a minute for an account, ten for an address."""
    house, app = make_app(sign_in_attempts_per_minute=2)
    house.account("ada@example.org")
    return house, app.test_client()


def test_the_third_attempt_of_a_minute_is_refused_even_with_the_right_password(few):
    house, browser = few
    assert [attempt(browser).status_code for _ in range(2)] == [403, 403]
    refused = attempt(browser, password=PASSWORD)
    assert (refused.status_code, refused.json["code"]) == (429, "too-many")
    assert refused.headers["Retry-After"] == "60"
    assert house.actions().count("sign_in.refused") == 2


def test_an_account_is_counted_from_every_address_and_in_every_spelling(few):
    _, browser = few
    attempt(browser, address="10.0.0.1")
    attempt(browser, email=" ADA@example.org", address="10.0.0.2")
    assert attempt(browser, address="10.0.0.3").status_code == 429


def test_one_account_does_not_use_up_anothers_attempts(few):
    _, browser = few
    for _ in range(3):
        attempt(browser, email="eve@example.org")
    assert attempt(browser, password=PASSWORD).status_code == 303


def test_an_address_that_tries_many_accounts_is_refused(few):
    _, browser = few
    answers = [attempt(browser, email=f"a{n}@example.org").status_code for n in range(11)]
    assert answers == [403] * 10 + [429]
    assert attempt(browser, email="b@example.org", address="10.0.0.9").status_code == 403


def test_looking_at_the_form_costs_nothing(few):
    _, browser = few
    assert {browser.get("/sign-in").status_code for _ in range(20)} == {200}


def test_the_token_endpoint_is_counted_by_client_and_by_address(few):
    _, browser = few
    assert [fetch(browser, "fmc_a").status_code for _ in range(3)] == [401, 401, 429]
    assert fetch(browser, "fmc_b").status_code == 401
    answers = [fetch(browser, f"fmc_{n}").status_code for n in range(9)]
    assert answers[-1] == 429


def test_several_processes_share_one_count_in_valkey(make_app, valkey_url):
    email = f"{uuid.uuid4().hex}@example.org"
    browsers = [
        make_app(queue_url=valkey_url, sign_in_attempts_per_minute=2)[1].test_client()
        for _ in range(3)
    ]
    assert [attempt(one, email=email).status_code for one in browsers] == [403, 403, 429]


def test_no_address_of_a_person_reaches_valkey(make_app, tmp_path):
    with EmbeddedValkey(tmp_path / "valkey") as server:
        _, app = make_app(queue_url=server.url)
        attempt(app.test_client())
        written = b"".join(f.read_bytes() for f in (tmp_path / "valkey").rglob("*.aof"))
    assert b"folkmoot" in written
    assert not re.search(rb"ada", written)


def test_sign_in_works_and_is_limited_while_valkey_is_down(make_app, tmp_path):
    with EmbeddedValkey(tmp_path / "valkey") as server:
        house, app = make_app(queue_url=server.url, sign_in_attempts_per_minute=3)
        house.account("ada@example.org")
        browser = app.test_client()
        assert attempt(browser).status_code == 403
    assert attempt(browser, password=PASSWORD).status_code == 303
    browser = app.test_client()
    assert [attempt(browser).status_code for _ in range(3)] == [403, 403, 429]


def test_a_valkey_that_was_never_there_does_not_keep_people_out(make_app, tmp_path):
    house, app = make_app(queue_url=f"unix://{tmp_path}/no.sock")
    house.account("ada@example.org")
    assert attempt(app.test_client(), password=PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("queue_url", "storage"),
    [
        ("", "memory://"),
        ("unix:///run/v.sock?db=1", "redis+unix:///run/v.sock?db=1"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("rediss://host", "rediss://host"),
    ],
)
def test_the_counters_lie_where_the_queue_lies(queue_url, storage):
    assert storage_address(queue_url) == storage


@pytest.mark.parametrize("header", ["Basic é", "Basic a", "Basic /w==", "Basic"])
def test_a_header_that_names_no_client_is_counted_and_refused(few, header):
    _, browser = few
    form = {"grant_type": "client_credentials"}
    answer = browser.post("/oauth/token", data=form, headers={"Authorization": header})
    assert answer.status_code == 401
