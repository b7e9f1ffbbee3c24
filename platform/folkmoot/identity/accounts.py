"""Accounts and their roles: made, changed, closed, and turned into the actor of a request."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select

from audit.actions import Action
from audit.recording import record
from folkmoot.identity.models import Account, AccountRole
from folkmoot.identity.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD, hash_password
from folkmoot.identity.permissions import Permission, Role, permissions_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM_ID, Actor
from folkmoot.kernel.errors import Conflict, NotAllowed, NotFound
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.names import OneLineName
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

LONGEST_EMAIL = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_DESCRIPTION = {"type": "string", "maxLength": LONGEST_EMAIL, "pattern": f"^{_EMAIL.pattern}$"}


def normalised_email(text: str) -> str:
    """Return an e-mail address in the one form in which we keep it, or raise ValueError."""
    email = unicodedata.normalize("NFKC", text).strip().lower()
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise ValueError("This is not an e-mail address.")
    return email


def email_or_none(text: str | None) -> str | None:
    """Return an e-mail address in our form, or None for what is not one."""
    # People type a password into the wrong field; what is no address is kept nowhere.
    try:
        return normalised_email(text or "")
    except ValueError:
        return None


EmailAddress = Annotated[str, AfterValidator(normalised_email), WithJsonSchema(_DESCRIPTION)]


def _may_repeat(schema: JsonObject) -> None:
    schema.pop("uniqueItems", None)


# A role that is named twice is one role; the description does not forbid what does no harm.
Roles = Annotated[frozenset[Role], Field(json_schema_extra=_may_repeat)]
Password = Annotated[SecretStr, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class AccountDraft(BaseModel):
    """What an account is made from; without a password it is a machine's, or signs in by OIDC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: EmailAddress
    display_name: OneLineName = Field(min_length=1, max_length=120)
    roles: Roles = frozenset()
    password: Password | None = None


class NewPassword(BaseModel):
    """Another password for an account that is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    password: Password


def create_account(uow: UnitOfWork, actor: Actor, *, draft: AccountDraft) -> Account:
    """Make an account with its roles."""
    # Slow on purpose; make accounts first in a transaction, before it holds any lock.
    password_hash = hash_password(draft.password.get_secret_value()) if draft.password else None
    account = Account(
        email=draft.email,
        display_name=draft.display_name,
        password_hash=password_hash,
        created_at=clock.now(),
    )
    uow.session.add(account)
    _flush_unique(uow)
    _put_roles(uow, account.id, draft.roles)
    record(
        uow,
        actor,
        Action.ACCOUNT_CREATED,
        subject_type="account",
        subject_id=account.id,
        facts={"roles": _listed(draft.roles), "has_password": draft.password is not None},
        personal={"email": account.email, "display_name": account.display_name},
    )
    return account


def ensure_account(uow: UnitOfWork, actor: Actor, *, draft: AccountDraft) -> Account:
    """Return the account of this e-mail address as it is, or make it from the draft."""
    return find_account(uow, email=draft.email) or create_account(uow, actor, draft=draft)


def set_roles(
    uow: UnitOfWork, actor: Actor, *, account_id: UUID, roles: frozenset[Role]
) -> Account:
    """Give an account exactly these roles."""
    account = account_of(uow, account_id)
    before = roles_of(uow, account_id)
    if before == roles:
        return account
    # Nobody widens their own power alone: another administrator has to, and the log says who.
    if actor.id == account_id:
        raise NotAllowed("Another administrator has to change your roles.")
    if Role.ADMIN in before - roles:
        _refuse_without_admin(uow, account_id)
    _put_roles(uow, account_id, roles)
    facts: dict[str, Json] = {"before": _listed(before), "after": _listed(roles)}
    _record_change(uow, actor, Action.ACCOUNT_ROLES_CHANGED, account_id, facts)
    return account


def deactivate(uow: UnitOfWork, actor: Actor, *, account_id: UUID) -> Account:
    """Close an account: its sessions and tokens stop working at once, its history stays."""
    account = account_of(uow, account_id)
    if not account.is_active:
        return account
    if Role.ADMIN in roles_of(uow, account_id):
        _refuse_without_admin(uow, account_id)
    account.is_active = False
    account.session_epoch += 1
    _record_change(uow, actor, Action.ACCOUNT_DEACTIVATED, account_id, {})
    return account


def set_password(
    uow: UnitOfWork, actor: Actor, *, account_id: UUID, password: SecretStr
) -> Account:
    """Give an account another password, and end every browser session it has."""
    hashed = hash_password(password.get_secret_value())
    account = account_of(uow, account_id)
    account.password_hash = hashed
    account.session_epoch += 1
    _record_change(uow, actor, Action.ACCOUNT_PASSWORD_CHANGED, account_id, {})
    return account


def end_all_sessions(uow: UnitOfWork, actor: Actor, *, account_id: UUID) -> Account:
    """End every browser session of an account at once: one's own, or as an administrator."""
    refuse_strangers(actor, account_id)
    account = account_of(uow, account_id)
    account.session_epoch += 1
    _record_change(uow, actor, Action.ACCOUNT_SESSIONS_ENDED, account_id, {})
    return account


def manages_accounts(actor: Actor) -> bool:
    """Say whether this actor looks after everybody's accounts."""
    return actor.id == PLATFORM_ID or actor.may(Permission.MANAGE_ACCOUNTS)


def refuse_strangers(actor: Actor, account_id: UUID) -> None:
    """Raise NotFound unless the account is the actor's own, or the actor manages accounts."""
    if not (actor.id == account_id or manages_accounts(actor)):
        raise NotFound("There is no such account.")


def account_of(uow: UnitOfWork, account_id: UUID) -> Account:
    """Return an account by its id."""
    account = uow.session.get(Account, account_id)
    if account is None:
        raise NotFound("There is no such account.")
    return account


def find_account(uow: UnitOfWork, *, email: str) -> Account | None:
    """Return the account of a normalised e-mail address, if there is one."""
    return uow.session.exec(select(Account).where(col(Account.email) == email)).first()


def accounts(uow: UnitOfWork, *, wanted: PageRequest) -> Page[Account]:
    """Return one page of the accounts, oldest first."""
    return page_by_id(uow, select(Account), key=Account.id, wanted=wanted)


def roles_of(uow: UnitOfWork, account_id: UUID) -> frozenset[Role]:
    """Return the roles of an account."""
    statement = select(AccountRole.role).where(col(AccountRole.account_id) == account_id)
    return frozenset(Role(role) for role in uow.session.exec(statement))


def actor_of(uow: UnitOfWork, account_id: UUID, scopes: frozenset[str] | None = None) -> Actor:
    """Return the actor that an account is: what its roles allow, no wider than the scopes."""
    return actor_from(account_of(uow, account_id), roles_of(uow, account_id), scopes)


def actor_from(
    account: Account, roles: Iterable[Role], scopes: frozenset[str] | None = None
) -> Actor:
    """Return the actor of an account whose roles are known already."""
    permissions: frozenset[str] = permissions_of(roles)
    if scopes is not None:
        permissions &= scopes
    return Actor(id=account.id, name=account.display_name, permissions=permissions)


def _put_roles(uow: UnitOfWork, account_id: UUID, roles: frozenset[Role]) -> None:
    uow.session.exec(delete(AccountRole).where(col(AccountRole.account_id) == account_id))
    uow.session.add_all(AccountRole(account_id=account_id, role=role) for role in sorted(roles))
    uow.session.flush()  # what follows in this transaction reads the roles


def _flush_unique(uow: UnitOfWork) -> None:
    try:
        uow.session.flush()
    except IntegrityError as error:
        raise Conflict("There is an account with this e-mail address already.") from error


def _refuse_without_admin(uow: UnitOfWork, leaving: UUID) -> None:
    # Locked in one order, so that two administrators who remove each other wait, and one stays.
    administrators = (
        select(Account.id)
        .join(AccountRole, col(AccountRole.account_id) == col(Account.id))
        .where(col(AccountRole.role) == Role.ADMIN, col(Account.is_active).is_(True))
        .order_by(col(Account.id))
        .with_for_update()
    )
    if not set(uow.session.exec(administrators)) - {leaving}:
        raise Conflict("This is the last administrator; make another one first.")


def _record_change(
    uow: UnitOfWork, actor: Actor, action: Action, account_id: UUID, facts: dict[str, Json]
) -> None:
    record(uow, actor, action, subject_type="account", subject_id=account_id, facts=facts)


def _listed(roles: Iterable[Role]) -> list[Json]:
    return [role.value for role in sorted(roles)]
