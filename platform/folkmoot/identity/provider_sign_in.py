"""Sign-in by an OpenID provider: which of our accounts a person it vouches for is.

Nobody is let in only because the provider knows them: an administrator makes the account first.
On the first sign-in it is linked to the provider's subject by a *verified* e-mail address, and
only where nobody could have used the account before: no password, no other link, no tokens. An
account with a password is never linked on the provider's word, or whoever runs (or breaks) the
provider could take over any account by claiming its address. After that the subject counts alone;
a changed or reassigned address changes nothing.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from folkmoot.identity.accounts import actor_of, find_account
from folkmoot.identity.models import AccessToken, Account, BrowserSession, OAuthClient, OidcIdentity
from folkmoot.identity.services import IdentityServices
from folkmoot.identity.sessions import open_session
from folkmoot.identity.sign_in import record_refusal
from folkmoot.identity.tokens import is_machine
from folkmoot.kernel.errors import Conflict, NotSignedIn
from folkmoot.kernel.unit_of_work import UnitOfWork

METHOD = "oidc"
REFUSALS = {
    "unknown_account": "There is no account for you here yet. Please ask an administrator.",
    "email_not_verified": "Your organisation has not verified your e-mail address.",
    "not_linkable": "An account with your e-mail address exists, and it signs in another way.",
    "inactive": "Your account is closed.",
}


@dataclass(frozen=True)
class ProvenPerson:
    """What a checked ID token says about a person; `email` in our form, or None."""

    issuer: str
    subject: str
    email: str | None
    is_email_verified: bool


def sign_in_by_provider(services: IdentityServices, person: ProvenPerson) -> BrowserSession:
    """Sign in a person that the provider vouches for; a refusal is recorded before it is raised."""
    with services.unit_of_work() as uow:
        outcome = _settle(uow, person, hours=services.settings.session_hours)
    if isinstance(outcome, str):
        raise NotSignedIn(REFUSALS[outcome])
    return outcome


def _settle(uow: UnitOfWork, person: ProvenPerson, *, hours: int) -> BrowserSession | str:
    account = _linked_account(uow, person) or _account_to_link(uow, person)
    if isinstance(account, Account) and account.is_active:
        return open_session(uow, account, method=METHOD, hours=hours)
    reason = account if isinstance(account, str) else "inactive"
    account_id = account.id if isinstance(account, Account) else None
    _refuse(uow, person, account_id=account_id, reason=reason)
    return reason


def _linked_account(uow: UnitOfWork, person: ProvenPerson) -> Account | None:
    return uow.session.exec(
        select(Account)
        .join(OidcIdentity, col(OidcIdentity.account_id) == col(Account.id))
        .where(
            col(OidcIdentity.issuer) == person.issuer,
            col(OidcIdentity.subject) == person.subject,
        )
    ).first()


def _account_to_link(uow: UnitOfWork, person: ProvenPerson) -> Account | str:
    if person.email is None or not person.is_email_verified:
        return "email_not_verified"
    account = find_account(uow, email=person.email)
    if account is None:
        return "unknown_account"
    if not account.is_active:
        return "inactive"
    if not is_machine(uow, account) or _has_credentials(uow, account):
        return "not_linkable"
    _link(uow, account, person)
    return account


def _link(uow: UnitOfWork, account: Account, person: ProvenPerson) -> None:
    uow.session.add(
        OidcIdentity(issuer=person.issuer, subject=person.subject, account_id=account.id)
    )
    _flush_alone(uow)
    record(
        uow,
        actor_of(uow, account.id),
        Action.ACCOUNT_LINKED,
        subject_type="account",
        subject_id=account.id,
        facts={"issuer": person.issuer},
        personal={"subject": person.subject},
    )


def _flush_alone(uow: UnitOfWork) -> None:
    try:
        uow.session.flush()
    except IntegrityError as error:
        raise Conflict("You signed in twice at once. Please try again.") from error


def _has_credentials(uow: UnitOfWork, account: Account) -> bool:
    token = select(AccessToken.id).where(col(AccessToken.account_id) == account.id)
    client = select(OAuthClient.id).where(col(OAuthClient.account_id) == account.id)
    return any(uow.session.exec(found).first() is not None for found in (token, client))


def _refuse(uow: UnitOfWork, person: ProvenPerson, *, account_id: UUID | None, reason: str) -> None:
    record_refusal(uow, account_id=account_id, method=METHOD, reason=reason, email=person.email)
