"""Sign-in by e-mail address and password: who asks learns nothing about which of them was wrong."""

from dataclasses import dataclass
from uuid import UUID

from audit.actions import Action
from audit.recording import record
from folkmoot.identity.accounts import email_or_none, find_account
from folkmoot.identity.models import Account, BrowserSession
from folkmoot.identity.passwords import hash_password, is_outdated, is_password
from folkmoot.identity.services import IdentityServices
from folkmoot.identity.sessions import open_session
from folkmoot.kernel.actor import PLATFORM, PLATFORM_ID
from folkmoot.kernel.errors import NotSignedIn
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import UnitOfWork

REFUSAL = "The e-mail address or the password is not right."


@dataclass(frozen=True)
class Attempt:
    """One try to sign in, checked: for which account, and why it fails if it does."""

    email: str | None
    account_id: UUID | None
    password_hash: str | None
    refusal: str | None = None
    better_hash: str | None = None


def sign_in(services: IdentityServices, *, email: str, password: str) -> BrowserSession:
    """Sign a person in and record it; a refusal is recorded too, before it is raised."""
    with services.reading() as uow:
        known = _known_account(uow, email)
    # Outside any transaction: argon2 is slow on purpose, and would hold up every writer.
    attempt = check_attempt(known, email=email, password=password)
    with services.unit_of_work() as uow:
        opened = settle_attempt(uow, attempt, hours=services.settings.session_hours)
    if opened is None:
        raise NotSignedIn(REFUSAL)
    return opened


def check_attempt(known: Account | None, *, email: str, password: str) -> Attempt:
    """Check a password against an account, in the same time where there is no account."""
    password_hash = known.password_hash if known else None
    is_right = is_password(password, password_hash=password_hash)
    if known is None:
        return Attempt(email_or_none(email), None, None, refusal="unknown_account")
    if password_hash is None or not is_right:
        return Attempt(known.email, known.id, password_hash, refusal="wrong_password")
    if is_outdated(password_hash):
        return Attempt(known.email, known.id, password_hash, better_hash=hash_password(password))
    return Attempt(known.email, known.id, password_hash)


def settle_attempt(uow: UnitOfWork, attempt: Attempt, *, hours: int) -> BrowserSession | None:
    """Open the session of an attempt that holds, or record its refusal and return None."""
    account = uow.session.get(Account, attempt.account_id) if attempt.account_id else None
    refusal = attempt.refusal or _changed_meanwhile(account, attempt)
    if account is None or refusal:
        record_refusal(
            uow,
            account_id=attempt.account_id,
            method="password",
            reason=refusal or "unknown_account",
            email=attempt.email,
        )
        return None
    account.password_hash = attempt.better_hash or account.password_hash
    return open_session(uow, account, method="password", hours=hours)


def record_refusal(
    uow: UnitOfWork, *, account_id: UUID | None, method: str, reason: str, email: str | None
) -> None:
    """Record that somebody was not signed in; who it was is not known, so the platform acts."""
    record(
        uow,
        PLATFORM,
        Action.SIGN_IN_REFUSED,
        subject_type="account",
        subject_id=account_id or PLATFORM_ID,
        facts={"method": method, "reason": reason},
        personal={"email": email} if email else {},
        # Each stranger has a key of their own, or one erasure would be everyone's.
        personal_of=account_id or new_id(),
    )


def _changed_meanwhile(account: Account | None, attempt: Attempt) -> str | None:
    if account is None or account.password_hash != attempt.password_hash:
        return "changed_meanwhile"
    return None if account.is_active else "inactive"


def _known_account(uow: UnitOfWork, email: str) -> Account | None:
    normalised = email_or_none(email)
    return find_account(uow, email=normalised) if normalised else None
