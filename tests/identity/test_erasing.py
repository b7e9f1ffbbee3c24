"""Holders of accounts are forgotten, on request or some years after their account was closed."""

from datetime import timedelta

from sqlmodel import select

from audit.erasure import LegalBasis, erase
from audit.models import Disclosure
from audit.sealing import seal_log
from audit.verification import verify_log
from folkmoot.bootstrap import ERASABLES
from folkmoot.identity.accounts import deactivate
from folkmoot.identity.claims import ACCOUNT_CLAIMS
from folkmoot.identity.models import AccessToken, Account
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import issue_token
from folkmoot.jobs.retaining import DailyRetention, apply_retention
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM

ERASED = "(erased)"


def verify(house):
    services = house.services
    with services.unit_of_work() as uow:
        seal_log(uow, services.log_key)
    with services.reading() as uow:
        verifier = services.log_key.verifier
        return verify_log(uow, verifier=verifier, claims=ACCOUNT_CLAIMS).findings


def stored(house, account_id):
    with house.services.reading() as uow:
        return uow.session.get_one(Account, account_id)


def test_an_erased_account_is_closed_and_nameless_and_its_tokens_end(house, noise) -> None:
    ada = house.account("ada@example.org", Role.ANNOTATOR, name="Ada")
    with house.services.unit_of_work() as uow:
        issue_token(
            uow,
            PLATFORM,
            account_id=ada.id,
            name="Ada's phone",
            scopes=frozenset({"label"}),
            expires_at=clock.now() + timedelta(days=1),
        )
    with house.services.unit_of_work() as uow:
        erasure = erase(
            uow,
            PLATFORM,
            person_id=ada.id,
            legal_basis=LegalBasis.CONSENT_WITHDRAWN,
            erasables=ERASABLES,
            forget_file=house.services.artifacts.forget,
        )
    assert erasure.rows["access_token.name"] == 1
    gone = stored(house, ada.id)
    assert (gone.display_name, gone.password_hash, gone.is_active) == (ERASED, None, False)
    with house.services.reading() as uow:
        token = uow.session.exec(select(AccessToken)).one()
    assert token.name == ERASED
    assert token.revoked_at is not None
    assert stored(house, noise.id).email == "noise@example.org"
    assert verify(house) == ()


def test_a_closed_account_is_forgotten_after_its_time_and_an_open_one_never(house, noise) -> None:
    ada = house.account("ada@example.org", Role.ANNOTATOR, name="Ada")
    with house.services.unit_of_work() as uow:
        deactivate(uow, PLATFORM, account_id=ada.id)
    verify(house)  # what is due is sealed by then
    with clock.moved_to(clock.now() + timedelta(days=3 * 366)):
        assert apply_retention(house.services) == 0
    with clock.moved_to(clock.now() + timedelta(days=5 * 366)):
        daily = DailyRetention()
        daily.run_if_due(house.services)
        assert stored(house, ada.id).display_name == ERASED
        assert stored(house, noise.id).display_name == "Somebody"
        with house.services.reading() as uow:
            people = {one.person_id for one in uow.session.exec(select(Disclosure))}
        assert people == {noise.id}
        assert verify(house) == ()
