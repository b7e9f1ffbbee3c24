"""Bearer tokens: random text shown once, its SHA-256 kept, with scopes and an end."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from folkmoot.identity.accounts import account_of, actor_of, manages_accounts
from folkmoot.identity.models import AccessToken, Account, AccountRole, OidcIdentity
from folkmoot.identity.permissions import permissions_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM_ID, Actor
from folkmoot.kernel.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork

TOKEN_PREFIX = "fm_"  # noqa: S105  # lets scanners of leaked secrets recognise ours
TOKEN_BYTES = 32
LONGEST_LIFE = timedelta(days=366)

# Stands before every request of the API: one statement, built once, of columns and not of objects.
_TOKEN_WITH_ROLES = Statement(
    sa.select(
        col(AccessToken.account_id),
        col(AccessToken.scopes),
        col(AccessToken.expires_at),
        col(AccessToken.revoked_at),
        col(Account.display_name),
        col(Account.is_active),
        col(AccountRole.role),
    )
    .join(Account, col(Account.id) == col(AccessToken.account_id))
    .outerjoin(AccountRole, col(AccountRole.account_id) == col(Account.id))
    .where(col(AccessToken.token_digest) == sa.bindparam("digest"))
)


@dataclass(frozen=True)
class IssuedToken:
    """A new token: its text is here and nowhere else, its row is what is kept."""

    text: str
    row: AccessToken


def new_token_text() -> str:
    """Return the text of a new token, 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(secret: str) -> str:
    """Return what is kept of a random secret; with 256 bits of chance a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_token(
    uow: UnitOfWork,
    actor: Actor,
    *,
    account_id: UUID,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
) -> IssuedToken:
    """Issue a token for an account, no stronger than whoever asks may make it."""
    _refuse_bad_life(expires_at)
    text = new_token_text()
    token = AccessToken(
        account_id=account_id,
        name=name,
        token_digest=digest_of(text),
        scopes=checked_scopes(grantable_scopes(uow, actor, account_id), scopes),
        created_at=clock.now(),
        expires_at=expires_at,
    )
    keep_token(uow, actor, token)
    return IssuedToken(text=text, row=token)


def keep_token(uow: UnitOfWork, actor: Actor, token: AccessToken) -> None:
    """Store the row of a new token, and record that it was issued."""
    uow.session.add(token)
    record(
        uow,
        actor,
        Action.TOKEN_ISSUED,
        subject_type="access_token",
        subject_id=token.id,
        facts={
            "account_id": str(token.account_id),
            "scopes": listed(token.scopes),
            "expires_at": token.expires_at.isoformat(),
            "oauth_client_id": str(token.oauth_client_id) if token.oauth_client_id else None,
        },
        personal={"name": token.name},
        personal_of=token.account_id,
    )


def actor_of_token(uow: UnitOfWork, text: str) -> Actor:
    """Return who a bearer token speaks for, or refuse one that is unknown or over."""
    found = _TOKEN_WITH_ROLES.all(uow.connection, {"digest": digest_of(text)})
    if not found:
        raise NotSignedIn("This access token is not known here.")
    token = found[0]
    if token.revoked_at is not None:
        raise NotSignedIn("This access token was revoked.")
    if token.expires_at <= clock.now():
        raise NotSignedIn("This access token has expired.")
    if not token.is_active:
        raise NotSignedIn("The account of this access token is closed.")
    permissions = permissions_of(row.role for row in found if row.role is not None)
    return Actor(
        id=token.account_id,
        name=token.display_name,
        permissions=permissions & frozenset(token.scopes),
    )


def revoke_token(uow: UnitOfWork, actor: Actor, *, token_id: UUID) -> AccessToken:
    """End a token now; ending it twice changes nothing."""
    token = uow.session.get(AccessToken, token_id)
    if token is None or not (actor.id == token.account_id or manages_accounts(actor)):
        raise NotFound("There is no such access token.")
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        record(
            uow,
            actor,
            Action.TOKEN_REVOKED,
            subject_type="access_token",
            subject_id=token.id,
            facts={"account_id": str(token.account_id)},
        )
    return token


def tokens_of(uow: UnitOfWork, account_id: UUID, *, wanted: PageRequest) -> Page[AccessToken]:
    """Return one page of an account's tokens, newest first."""
    statement = select(AccessToken).where(col(AccessToken.account_id) == account_id)
    return page_by_id(uow, statement, key=AccessToken.id, wanted=wanted, newest_first=True)


def grantable_scopes(uow: UnitOfWork, actor: Actor, account_id: UUID) -> frozenset[str]:
    """Return the scopes that this actor may give to credentials of an account.

    For oneself: what one may do right now, so that a narrow token cannot make a wide one.
    For a machine's account, an administrator: all it may do. Never in another person's name.
    """
    if actor.id == account_id:
        return actor.permissions
    account = account_of(uow, account_id)
    if actor.id == PLATFORM_ID or (manages_accounts(actor) and is_machine(uow, account)):
        return actor_of(uow, account_id).permissions
    raise NotAllowed("You may issue tokens for yourself only, not in another person's name.")


def checked_scopes(grantable: frozenset[str], wanted: Iterable[str]) -> list[str]:
    """Return the wanted scopes in order, or refuse one that may not be given."""
    scopes = sorted(set(wanted))
    if not scopes:
        raise InvalidInput("Choose at least one scope.")
    for scope in scopes:
        if scope not in grantable:
            raise InvalidInput(f"The scope {scope!r} is not one that may be given here.")
    return scopes


def is_machine(uow: UnitOfWork, account: Account) -> bool:
    """Say whether nobody can sign in to an account: it acts by tokens alone."""
    linked = select(OidcIdentity).where(col(OidcIdentity.account_id) == account.id)
    return account.password_hash is None and uow.session.exec(linked).first() is None


def listed(texts: Iterable[str]) -> list[Json]:
    """Return texts as a JSON array."""
    return list(texts)


def _refuse_bad_life(expires_at: datetime) -> None:
    now = clock.now()
    if not now < expires_at <= now + LONGEST_LIFE:
        raise InvalidInput(f"A token ends in the future, within {LONGEST_LIFE.days} days.")
