"""How accounts forget a person: their name, address and what they signed in with."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.erasing import Traces
from audit.models import Entry
from audit.verdicts import ERASED
from folkmoot.identity.accounts import deactivate
from folkmoot.identity.models import AccessToken, Account, OAuthClient, OidcIdentity
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.idempotency import forget_answers
from folkmoot.kernel.unit_of_work import UnitOfWork

# The top-level domain that RFC 2606 keeps free of addresses.
NO_ADDRESS = "erased.invalid"


class AccountsForget:
    """Forget the holders of accounts. What they did stays, under an id that nobody can resolve."""

    tables: frozenset[str] = frozenset(
        {"access_token", "account", "kept_answer", "oauth_client", "oidc_identity"}
    )

    def traces(self, _uow: UnitOfWork, _people: frozenset[UUID]) -> Traces:
        """Return nothing besides: an account is one person."""
        return Traces(frozenset())

    def erase(
        self, uow: UnitOfWork, actor: Actor, people: frozenset[UUID], *, keeps_identity: bool
    ) -> Mapping[str, int]:
        """Erase names, addresses, ties to providers, and what machines were called."""
        named = {
            **_rename(uow, AccessToken, col(AccessToken.account_id).in_(people)),
            **_rename(uow, OAuthClient, col(OAuthClient.account_id).in_(people)),
            "kept_answer.body": forget_answers(uow, about=people),
        }
        if keeps_identity:
            return named
        ties = sa.delete(OidcIdentity).where(col(OidcIdentity.account_id).in_(people))
        return {
            **named,
            "oidc_identity.subject": uow.session.exec(ties).rowcount,
            "account.email": _close(uow, actor, people),
        }

    def expire(self, uow: UnitOfWork, entries: Sequence[Entry]) -> Mapping[str, int]:
        """Erase what machines were called, and the holders of accounts that were closed."""
        tokens = _subjects(entries, Action.TOKEN_ISSUED)
        clients = _subjects(entries, Action.OAUTH_CLIENT_REGISTERED)
        closed = select(Account).where(
            col(Account.display_name) != ERASED,
            col(Account.id).in_(_subjects(entries, Action.ACCOUNT_CREATED)),
            col(Account.is_active).is_(False),
        )
        holders = list(uow.session.exec(closed))
        for account in holders:
            _forget_holder(account)
        return {
            **_rename(uow, AccessToken, col(AccessToken.id).in_(tokens)),
            **_rename(uow, OAuthClient, col(OAuthClient.id).in_(clients)),
            "account.email": len(holders),
        }


def _close(uow: UnitOfWork, actor: Actor, people: frozenset[UUID]) -> int:
    named = sa.and_(col(Account.id).in_(people), col(Account.display_name) != ERASED)
    accounts = uow.session.exec(select(Account).where(named)).all()
    revoked = {"revoked_at": clock.now()}
    for account in accounts:
        deactivate(uow, actor, account_id=account.id)
        _forget_holder(account)
        for table in (AccessToken, OAuthClient):
            theirs = sa.and_(col(table.account_id) == account.id, col(table.revoked_at).is_(None))
            uow.session.exec(sa.update(table).where(theirs).values(**revoked))
    return len(accounts)


def _forget_holder(account: Account) -> None:
    account.email = f"{account.id}@{NO_ADDRESS}"
    account.display_name = ERASED
    account.password_hash = None


def _rename(
    uow: UnitOfWork,
    table: type[AccessToken] | type[OAuthClient],
    which: sa.ColumnElement[bool],
) -> dict[str, int]:
    statement = sa.update(table).where(which, col(table.name) != ERASED).values(name=ERASED)
    return {f"{table.__tablename__}.name": uow.session.exec(statement).rowcount}


def _subjects(entries: Sequence[Entry], action: Action) -> list[UUID]:
    return [one.subject_id for one in entries if one.action is action]
