"""OAuth clients: machines that fetch short-lived access tokens with an id and a secret."""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select, update

from audit.actions import Action
from audit.recording import record
from folkmoot.identity.accounts import actor_of, manages_accounts, refuse_strangers
from folkmoot.identity.models import AccessToken, Account, OAuthClient
from folkmoot.identity.tokens import (
    TOKEN_BYTES,
    checked_scopes,
    digest_of,
    grantable_scopes,
    keep_token,
    listed,
)
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotFound, NotSignedIn
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

CLIENT_PREFIX = "fmc_"
SECRET_PREFIX = "fms_"  # noqa: S105


@dataclass(frozen=True)
class RegisteredClient:
    """A new client: its secret is here and nowhere else, its row is what is kept."""

    secret: str
    row: OAuthClient


def register_client(
    uow: UnitOfWork, actor: Actor, *, account_id: UUID, name: str, scopes: Iterable[str]
) -> RegisteredClient:
    """Let a machine act as an account, no stronger than whoever asks may make it."""
    secret = SECRET_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    client = OAuthClient(
        client_id=CLIENT_PREFIX + secrets.token_hex(12),
        secret_digest=digest_of(secret),
        account_id=account_id,
        name=name,
        scopes=checked_scopes(grantable_scopes(uow, actor, account_id), scopes),
        created_at=clock.now(),
    )
    uow.session.add(client)
    record(
        uow,
        actor,
        Action.OAUTH_CLIENT_REGISTERED,
        subject_type="oauth_client",
        subject_id=client.id,
        facts={"account_id": str(account_id), "scopes": listed(client.scopes)},
        personal={"name": name},
        personal_of=account_id,
    )
    return RegisteredClient(secret=secret, row=client)


def revoke_client(uow: UnitOfWork, actor: Actor, *, client_id: UUID) -> OAuthClient:
    """End a client and every token it fetched; ending it twice changes nothing."""
    client = uow.session.get(OAuthClient, client_id)
    if client is None or not (actor.id == client.account_id or manages_accounts(actor)):
        raise NotFound("There is no such OAuth client.")
    if client.revoked_at is None:
        client.revoked_at = clock.now()
        _revoke_tokens(uow, client)
        record(
            uow,
            actor,
            Action.OAUTH_CLIENT_REVOKED,
            subject_type="oauth_client",
            subject_id=client.id,
            facts={"account_id": str(client.account_id)},
        )
    return client


def clients_of(
    uow: UnitOfWork, actor: Actor, *, account_id: UUID, wanted: PageRequest
) -> Page[OAuthClient]:
    """Return one page of an account's clients, newest first, to its own and to administrators."""
    refuse_strangers(actor, account_id)
    statement = select(OAuthClient).where(col(OAuthClient.account_id) == account_id)
    return page_by_id(uow, statement, key=OAuthClient.id, wanted=wanted, newest_first=True)


def find_client(uow: UnitOfWork, client_id: str) -> OAuthClient | None:
    """Return the client of a public client id, if it may still fetch tokens."""
    return uow.session.exec(
        select(OAuthClient)
        .join(Account, col(Account.id) == col(OAuthClient.account_id))
        .where(
            col(OAuthClient.client_id) == client_id,
            col(OAuthClient.revoked_at).is_(None),
            col(Account.is_active).is_(True),
        )
    ).first()


def is_secret(client: OAuthClient, secret: str) -> bool:
    """Say whether a secret is the client's."""
    return hmac.compare_digest(client.secret_digest, digest_of(secret))


def keep_fetched_token(
    uow: UnitOfWork, *, client_id: str, text: str, scopes: Iterable[str], minutes: int
) -> AccessToken:
    """Store a token that a client fetched, and record that it was issued."""
    client = find_client(uow, client_id)
    if client is None:
        raise NotSignedIn("This OAuth client was revoked.")
    now = clock.now()
    token = AccessToken(
        account_id=client.account_id,
        oauth_client_id=client.id,
        name=client.name,
        token_digest=digest_of(text),
        scopes=checked_scopes(frozenset(client.scopes), scopes),
        created_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )
    keep_token(uow, actor_of(uow, client.account_id), token)
    return token


def _revoke_tokens(uow: UnitOfWork, client: OAuthClient) -> None:
    uow.session.exec(
        update(AccessToken)
        .where(col(AccessToken.oauth_client_id) == client.id, col(AccessToken.revoked_at).is_(None))
        .values(revoked_at=client.revoked_at)
    )
