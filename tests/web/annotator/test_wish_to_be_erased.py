"""An annotator asks to be erased on their own page; an officer refuses, or grants it."""

import re

import pytest

from audit.actions import Action
from audit.models import Entry, ErasureRequest, RequestState
from folkmoot.identity.models import Account
from folkmoot.identity.permissions import Role

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def ann(shop, client_of):
    return client_of(shop.ann)


@pytest.fixture
def officer(shop, client_of):
    return client_of(shop.person("Olga", Role.OFFICER))


def press(client, page, address, **form: str):
    """Press a button of a page; return the page that it leads to."""
    token = TOKEN.search(client.get(page).text).group(1)
    answer = client.post(address, data={**form, "csrf_token": token}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def asked(shop):
    (one,) = shop.rows(ErasureRequest)
    return one


def test_a_wish_waits_with_the_officers_and_a_refusal_is_told_and_recorded(shop, ann, officer):
    shown = press(ann, "/me", "/me/erasure-request")
    assert "An officer decides" in shown
    assert "you have asked already" in press(ann, "/me", "/me/erasure-request").lower()

    assert "Ann" in officer.get("/governance/erasures").text
    address = f"/governance/erasures/{asked(shop).id}/refuse"
    assert "Say why" in press(officer, "/governance/erasures", address, reason=" ")
    left = press(officer, "/governance/erasures", address, reason="Your pay is being disputed.")
    assert "Nobody waits" in left

    assert "Your pay is being disputed." in ann.get("/me").text
    told = [one for one in shop.rows(Entry) if one.action is Action.ERASURE_REQUEST_REFUSED]
    assert len(told) == 1
    assert b"disputed" not in told[0].envelope


def test_a_wish_that_is_granted_erases_the_person(shop, ann, officer):
    press(ann, "/me", "/me/erasure-request")
    address = f"/governance/erasures/{asked(shop).id}/grant"
    assert "on what ground" in press(officer, "/governance/erasures", address, legal_basis="x")
    assert asked(shop).state is RequestState.OPEN
    said = press(officer, "/governance/erasures", address, legal_basis="consent_withdrawn")
    assert "Nothing of this person is left." in said
    assert asked(shop).state is RequestState.GRANTED
    assert "Ann" not in {one.display_name for one in shop.rows(Account)}
    assert ann.get("/me").status_code != 200


def test_nobody_decides_their_own_wish_and_no_annotator_decides_any(shop, ann):
    press(ann, "/me", "/me/erasure-request")
    assert ann.get("/governance/erasures").status_code == 403
