"""Browser sessions as rows: a copied cookie is worth nothing once its session has ended."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.actions import Action
from audit.recording import record
from folkmoot.identity.accounts import actor_from, roles_of
from folkmoot.identity.models import Account, AccountRole, BrowserSession
from folkmoot.identity.permissions import permissions_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotSignedIn
from folkmoot.kernel.unit_of_work import UnitOfWork

# Stands before every page: one statement, built once, of columns and not of objects.
_SIGNED_IN_WITH_ROLES = (
    sa.select(col(Account.id), col(Account.display_name), col(AccountRole.role))
    .join(BrowserSession, col(BrowserSession.account_id) == col(Account.id))
    .outerjoin(AccountRole, col(AccountRole.account_id) == col(Account.id))
    .where(
        col(BrowserSession.id) == sa.bindparam("session_id"),
        col(BrowserSession.ended_at).is_(None),
        col(BrowserSession.expires_at) > sa.bindparam("now"),
        col(BrowserSession.epoch) == col(Account.session_epoch),
        col(Account.is_active).is_(True),
    )
)


def open_session(uow: UnitOfWork, account: Account, *, method: str, hours: int) -> BrowserSession:
    """Sign an account in on one browser; `method` says how it proved who it is."""
    now = clock.now()
    opened = BrowserSession(
        account_id=account.id,
        epoch=account.session_epoch,
        started_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    uow.session.add(opened)
    record(
        uow,
        actor_from(account, roles_of(uow, account.id)),
        Action.SIGNED_IN,
        subject_type="account",
        subject_id=account.id,
        facts={"method": method, "session_id": str(opened.id)},
    )
    return opened


def actor_of_session(uow: UnitOfWork, session_id: UUID) -> Actor:
    """Return who is signed in by a session, or refuse one that has ended."""
    found = uow.session.execute(
        _SIGNED_IN_WITH_ROLES, {"session_id": session_id, "now": clock.now()}
    ).all()
    if not found:
        raise NotSignedIn("Your session has ended. Please sign in again.")
    permissions = permissions_of(row.role for row in found if row.role is not None)
    return Actor(id=found[0].id, name=found[0].display_name, permissions=permissions)


def end_session(uow: UnitOfWork, session_id: UUID) -> None:
    """Sign one browser out; a session that has ended already stays as it is."""
    running = uow.session.get(BrowserSession, session_id)
    if running is None or running.ended_at is not None:
        return
    account = uow.session.get_one(Account, running.account_id)
    running.ended_at = clock.now()
    record(
        uow,
        actor_from(account, ()),
        Action.SIGNED_OUT,
        subject_type="account",
        subject_id=account.id,
        facts={"session_id": str(session_id)},
    )
