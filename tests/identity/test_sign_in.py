import time
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from audit.disclosing import disclosed_fields
from audit.models import Entry
from folkmoot.identity.accounts import account_of, actor_of, deactivate, end_all_sessions
from folkmoot.identity.models import Account
from folkmoot.identity.permissions import Role
from folkmoot.identity.sessions import actor_of_session, end_session
from folkmoot.identity.sign_in import REFUSAL, sign_in
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import NotSignedIn

PASSWORD = "a careful passphrase"


@pytest.fixture
def ada(house, noise) -> Account:
    return house.account("ada@example.org", Role.REVIEWER, name="Ada")


def test_the_right_password_opens_a_session_of_that_account(house, ada):
    opened = sign_in(house.services, email="ADA@example.org ", password=PASSWORD)
    assert who(house, opened.id).name == "Ada"
    assert house.actions()[-1] == "sign_in.succeeded"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.org", "a careless passphrase"),
        ("ada@example.org", ""),
        ("nobody@example.org", PASSWORD),
        ("", ""),
        ("' OR 1=1 --@x", PASSWORD),
    ],
)
def test_every_refusal_reads_alike_and_is_recorded(house, ada, email, password):
    with pytest.raises(NotSignedIn, match=REFUSAL):
        sign_in(house.services, email=email, password=password)
    assert house.actions()[-1] == "sign_in.refused"


def texts_of(uow):
    """Return every personal text in the log."""
    return [
        text.value
        for entry in uow.session.exec(select(Entry))
        for text in disclosed_fields(uow, entry.id).values()
    ]


def test_a_refused_address_is_kept_where_it_can_be_erased(house, ada):
    refused(house, "ada@example.org")
    with house.services.reading() as uow:
        kept = texts_of(uow)
    assert kept.count("ada@example.org") == 2  # the account, and the refusal
    assert "ada@example.org" not in house.envelopes()


def test_a_password_typed_into_the_wrong_field_is_kept_nowhere(house, ada):
    refused(house, "my secret passphrase")
    with house.services.reading() as uow:
        assert "my secret passphrase" not in texts_of(uow)


def test_a_closed_account_is_refused_like_a_wrong_password(house, ada):
    with house.services.unit_of_work() as uow:
        deactivate(uow, PLATFORM, account_id=ada.id)
    with pytest.raises(NotSignedIn, match=REFUSAL):
        sign_in(house.services, email="ada@example.org", password=PASSWORD)


def test_an_account_without_a_password_has_none_that_works(house, noise):
    house.account("machine@example.org", password=None)
    with pytest.raises(NotSignedIn, match=REFUSAL):
        sign_in(house.services, email="machine@example.org", password="")


def test_an_unknown_account_takes_as_long_as_a_wrong_password(house, ada):
    known = min(seconds_refused(house, "ada@example.org") for _ in range(4))
    unknown = min(seconds_refused(house, "nobody@example.org") for _ in range(4))
    assert 0.5 < unknown / known < 2.0


def test_a_hash_of_older_parameters_is_renewed_at_sign_in(house, ada):
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with house.services.unit_of_work() as uow:
        account_of(uow, ada.id).password_hash = old
    sign_in(house.services, email="ada@example.org", password=PASSWORD)
    with house.services.reading() as uow:
        renewed = account_of(uow, ada.id).password_hash
    assert renewed != old
    sign_in(house.services, email="ada@example.org", password=PASSWORD)


def test_a_session_that_was_ended_stays_ended(house, ada):
    opened = sign_in(house.services, email="ada@example.org", password=PASSWORD)
    other = sign_in(house.services, email="ada@example.org", password=PASSWORD)
    for _ in range(2):
        with house.services.unit_of_work() as uow:
            end_session(uow, opened.id)
    with pytest.raises(NotSignedIn):
        who(house, opened.id)
    assert who(house, other.id).name == "Ada"
    assert house.actions().count("sign_in.ended") == 1


def test_all_sessions_of_one_account_end_at_once(house, ada):
    mine = [sign_in(house.services, email=ada.email, password=PASSWORD) for _ in range(2)]
    theirs = sign_in(house.services, email="noise@example.org", password=PASSWORD)
    with house.services.unit_of_work() as uow:
        end_all_sessions(uow, actor_of(uow, ada.id), account_id=ada.id)
    for opened in mine:
        with pytest.raises(NotSignedIn):
            who(house, opened.id)
    assert who(house, theirs.id).id == theirs.account_id
    again = sign_in(house.services, email=ada.email, password=PASSWORD)
    assert who(house, again.id).id == ada.id


def test_a_session_ends_by_its_age(house, ada):
    opened = sign_in(house.services, email=ada.email, password=PASSWORD)
    hours = house.services.settings.session_hours
    with clock.moved_to(clock.now() + timedelta(hours=hours) - timedelta(minutes=1)):
        who(house, opened.id)
    with clock.moved_to(clock.now() + timedelta(hours=hours)), pytest.raises(NotSignedIn):
        who(house, opened.id)


def test_a_closed_account_loses_its_sessions(house, ada):
    opened = sign_in(house.services, email=ada.email, password=PASSWORD)
    with house.services.unit_of_work() as uow:
        deactivate(uow, PLATFORM, account_id=ada.id)
    with pytest.raises(NotSignedIn):
        who(house, opened.id)


def who(house, session_id):
    with house.services.reading() as uow:
        return actor_of_session(uow, session_id)


def refused(house, email):
    with pytest.raises(NotSignedIn):
        sign_in(house.services, email=email, password="a wrong passphrase")


def seconds_refused(house, email):
    start = time.process_time()
    refused(house, email)
    return time.process_time() - start
