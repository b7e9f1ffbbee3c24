from datetime import timedelta

import pytest
from sqlmodel import select

from folkmoot.identity.accounts import actor_of, deactivate, set_roles
from folkmoot.identity.models import AccessToken, Account
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import actor_of_token, issue_token, revoke_token, tokens_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from folkmoot.kernel.pagination import PageRequest


@pytest.fixture
def ada(house, noise) -> Account:
    return house.account("ada@example.org", Role.ANNOTATOR, Role.REVIEWER, name="Ada")


def issue(house, account, *, by=None, scopes=("label",), days=1):
    with house.services.unit_of_work() as uow:
        return issue_token(
            uow,
            by or actor_of(uow, account.id),
            account_id=account.id,
            name="script",
            scopes=scopes,
            expires_at=clock.now() + timedelta(days=days),
        )


def who(house, text):
    with house.services.reading() as uow:
        return actor_of_token(uow, text)


def test_a_token_speaks_for_its_account_within_its_scopes(house, ada):
    issued = issue(house, ada)
    actor = who(house, issued.text)
    assert (actor.id, actor.name, actor.permissions) == (ada.id, "Ada", {"label"})


def test_only_the_digest_of_a_token_is_kept(house, ada):
    issued = issue(house, ada)
    assert issued.text.startswith("fm_")
    assert len(issued.text) == 3 + 43
    with house.services.reading() as uow:
        row = uow.session.exec(select(AccessToken)).one()
    assert issued.text not in row.model_dump_json()
    assert issued.text not in house.envelopes()


@pytest.mark.parametrize("text", ["", "fm_", "fm_" + "A" * 43, "Bearer x", "é\x00"])
def test_a_text_that_was_never_issued_is_refused(house, ada, text):
    issue(house, ada)
    with pytest.raises(NotSignedIn, match="not known"):
        who(house, text)


def test_an_expired_token_is_refused(house, ada):
    issued = issue(house, ada)
    with clock.moved_to(issued.row.expires_at), pytest.raises(NotSignedIn, match="expired"):
        who(house, issued.text)


def test_a_revoked_token_is_refused_and_its_neighbour_works(house, ada):
    first, second = issue(house, ada), issue(house, ada)
    for _ in range(2):
        with house.services.unit_of_work() as uow:
            revoke_token(uow, actor_of(uow, ada.id), token_id=first.row.id)
    with pytest.raises(NotSignedIn, match="revoked"):
        who(house, first.text)
    assert who(house, second.text).id == ada.id
    assert house.actions()[-3:] == ["token.issued", "token.issued", "token.revoked"]


def test_a_token_of_a_closed_account_is_refused(house, ada):
    issued = issue(house, ada)
    with house.services.unit_of_work() as uow:
        deactivate(uow, PLATFORM, account_id=ada.id)
    with pytest.raises(NotSignedIn, match="closed"):
        who(house, issued.text)


def test_a_token_loses_what_its_account_loses(house, ada):
    issued = issue(house, ada, scopes=("label", "review"))
    with house.services.unit_of_work() as uow:
        set_roles(uow, PLATFORM, account_id=ada.id, roles=frozenset({Role.REVIEWER}))
    assert who(house, issued.text).permissions == {"review"}


@pytest.mark.parametrize("scopes", [(), ("log:read",), ("label", "nonsense")])
def test_scopes_beyond_the_accounts_own_are_refused(house, ada, scopes):
    with pytest.raises(InvalidInput):
        issue(house, ada, scopes=scopes)


def test_a_narrow_token_cannot_make_a_wide_one(house, ada):
    narrow = who(house, issue(house, ada, scopes=("label",)).text)
    with pytest.raises(InvalidInput):
        issue(house, ada, by=narrow, scopes=("review",))


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_ends_in_the_future_and_within_a_year(house, ada, days):
    with pytest.raises(InvalidInput):
        issue(house, ada, days=days)


def test_an_administrator_gives_tokens_to_machines_but_not_in_a_persons_name(house, ada, noise):
    machine = house.account("machine@example.org", Role.TEAM, password=None)
    with house.services.reading() as uow:
        admin = actor_of(uow, noise.id)
    issued = issue(house, machine, by=admin, scopes=("decisions:submit",))
    assert who(house, issued.text).id == machine.id
    with pytest.raises(NotAllowed):
        issue(house, ada, by=admin)


def test_one_person_cannot_see_or_revoke_anothers_token(house, ada):
    stranger = house.account("bob@example.org", Role.TEAM)
    issued = issue(house, ada)
    with house.services.unit_of_work() as uow, pytest.raises(NotFound):
        revoke_token(uow, actor_of(uow, stranger.id), token_id=issued.row.id)
    with house.services.reading() as uow:
        assert not tokens_of(uow, stranger.id, wanted=PageRequest()).items
        assert len(tokens_of(uow, ada.id, wanted=PageRequest()).items) == 1
