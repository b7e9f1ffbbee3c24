import re

import pytest
from pydantic import SecretStr, ValidationError

from folkmoot.identity.accounts import (
    AccountDraft,
    account_of,
    accounts,
    actor_of,
    deactivate,
    ensure_account,
    find_account,
    roles_of,
    set_password,
    set_roles,
)
from folkmoot.identity.permissions import Permission, Role
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import Conflict, NotAllowed, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.pagination import PageRequest


def test_an_address_is_kept_in_lower_case(house):
    account = house.account("  Ada@Example.ORG ", Role.ANNOTATOR)
    with house.services.reading() as uow:
        assert find_account(uow, email="ada@example.org").id == account.id


def test_the_same_address_in_another_case_conflicts(house):
    house.account("ada@example.org")
    with pytest.raises(Conflict):
        house.account("ADA@example.org")


@pytest.mark.parametrize("text", ["", "ada", "ada@", "@x", "a b@x", "a@b@c", "a@" + "x" * 300])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValidationError):
        AccountDraft(email=text, display_name="Ada")


def test_a_short_password_is_refused():
    with pytest.raises(ValidationError):
        AccountDraft(email="a@x", display_name="Ada", password=SecretStr("eleven char"))
    AccountDraft(email="a@x", display_name="Ada", password=SecretStr("twelve chars"))


def test_roles_give_their_permissions_and_no_others(house, noise):
    account = house.account("ada@example.org", Role.ANNOTATOR, Role.REVIEWER)
    with house.services.reading() as uow:
        actor = actor_of(uow, account.id)
    assert actor.permissions == {
        Permission.LABEL,
        Permission.REVIEW,
        Permission.READ_DECISIONS,
        Permission.DECIDE_APPEALS,
    }


def test_scopes_narrow_what_roles_give_and_never_widen_it(house, noise):
    account = house.account("ada@example.org", Role.ANNOTATOR)
    with house.services.reading() as uow:
        actor = actor_of(uow, account.id, frozenset({"label", "log:read"}))
    assert actor.permissions == {"label"}


def test_changed_roles_are_recorded_without_naming_the_person(house, noise):
    account = house.account("ada@example.org", Role.ANNOTATOR, name="Ada Lovelace")
    with house.services.unit_of_work() as uow:
        set_roles(uow, PLATFORM, account_id=account.id, roles=frozenset({Role.REVIEWER}))
    with house.services.reading() as uow:
        assert roles_of(uow, account.id) == {Role.REVIEWER}
        assert Role.ADMIN in roles_of(uow, noise.id)
    assert house.actions()[-2:] == ["account.created", "account.roles_changed"]
    assert '"after":["reviewer"],"before":["annotator"]' in house.envelopes()
    # Not "ada", which chance puts into a hexadecimal digest.
    assert not re.search("ada[ @]|lovelace", house.envelopes().lower())


def test_nobody_changes_their_own_roles(house, noise):
    with house.services.reading() as uow:
        me = actor_of(uow, noise.id)
    with house.services.unit_of_work() as uow, pytest.raises(NotAllowed):
        set_roles(uow, me, account_id=noise.id, roles=frozenset(Role))


def test_the_last_administrator_stays(house, noise):
    other = house.account("other@example.org", Role.ADMIN)
    with house.services.unit_of_work() as uow:
        deactivate(uow, PLATFORM, account_id=other.id)
    with house.services.unit_of_work() as uow, pytest.raises(Conflict):
        deactivate(uow, PLATFORM, account_id=noise.id)
    with house.services.unit_of_work() as uow, pytest.raises(Conflict):
        set_roles(uow, PLATFORM, account_id=noise.id, roles=frozenset())


def test_an_account_is_made_once_and_then_found(house):
    draft = AccountDraft(email="ada@example.org", display_name="Ada")
    with house.services.unit_of_work() as uow:
        first = ensure_account(uow, PLATFORM, draft=draft)
    with house.services.unit_of_work() as uow:
        assert ensure_account(uow, PLATFORM, draft=draft).id == first.id
    assert house.actions() == ["account.created"]


def test_another_password_ends_every_session(house):
    account = house.account("ada@example.org")
    with house.services.unit_of_work() as uow:
        changed = set_password(
            uow, PLATFORM, account_id=account.id, password=SecretStr("another passphrase")
        )
    assert changed.session_epoch == account.session_epoch + 1
    assert changed.password_hash != account.password_hash


def test_an_unknown_account_is_not_found(house, noise):
    with house.services.reading() as uow, pytest.raises(NotFound):
        account_of(uow, new_id())


def test_accounts_come_in_pages(house):
    made = [house.account(f"a{number}@example.org", password=None).id for number in range(3)]
    with house.services.reading() as uow:
        first = accounts(uow, wanted=PageRequest(limit=2))
        second = accounts(uow, wanted=PageRequest(cursor=first.next_cursor, limit=2))
    assert [a.id for a in (*first.items, *second.items)] == made
