"""Accounts and tokens."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.identity import accounts, tokens
from folkmoot.identity.accounts import AccountDraft, Roles
from folkmoot.identity.models import AccessToken, Account
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.names import OneLineName
from folkmoot.kernel.pagination import Page

api = Api("accounts")


class AccountView(View):
    """An account."""

    id: UUID
    email: str
    display_name: str
    is_active: bool
    created_at: datetime


class MeView(View):
    """Who you are, and what this token may do."""

    id: UUID
    name: str
    permissions: list[Permission]


class NewRoles(BaseModel):
    """The roles that an account is to have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: Roles


class NewToken(BaseModel):
    """A token for an account: what it is for, what it may do, until when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_id: UUID
    name: OneLineName = Field(min_length=1, max_length=200)
    scopes: list[Permission] = Field(min_length=1, max_length=len(Permission))
    expires_at: AwareDatetime


class TokenView(View):
    """A new token; its text is shown this once."""

    id: UUID
    text: str
    scopes: list[str]
    expires_at: datetime


class TokenLine(View):
    """A token without its text: what it is for, what it may do, until when."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@api.get("/me", access=None, shows=MeView)
def who_am_i(call: Call) -> dict[str, object]:
    """Return who you are and what this token may do."""
    return _shown(call.actor)


@api.post("/accounts", access=Permission.MANAGE_ACCOUNTS, shows=AccountView)
def create_account(call: Call, body: AccountDraft) -> Account:
    """Create an account."""
    return accounts.create_account(call.uow, call.actor, draft=body)


@api.get("/accounts", access=Permission.MANAGE_ACCOUNTS, shows=PageView[AccountView])
def list_accounts(call: Call, query: PageQuery) -> Page[Account]:
    """List the accounts."""
    return accounts.accounts(call.uow, wanted=query.wanted)


@api.put("/accounts/<uuid:account_id>/roles", access=Permission.MANAGE_ACCOUNTS, shows=AccountView)
def set_roles(call: Call, account_id: UUID, body: NewRoles) -> Account:
    """Set the roles of an account."""
    return accounts.set_roles(call.uow, call.actor, account_id=account_id, roles=body.roles)


@api.delete("/accounts/<uuid:account_id>", access=Permission.MANAGE_ACCOUNTS)
def close_account(call: Call, account_id: UUID) -> None:
    """Close an account: its sessions, tokens and clients stop at once, its history stays."""
    accounts.deactivate(call.uow, call.actor, account_id=account_id)


@api.delete("/accounts/<uuid:account_id>/sessions", access=None)
def end_sessions(call: Call, account_id: UUID) -> None:
    """End every browser session of your account, or as an administrator of anybody's."""
    accounts.end_all_sessions(call.uow, call.actor, account_id=account_id)


@api.get("/tokens", access=None, shows=PageView[TokenLine])
def list_tokens(call: Call, query: PageQuery) -> Page[AccessToken]:
    """List your own tokens, newest first, without their texts."""
    return tokens.tokens_of(call.uow, call.actor.id, wanted=query.wanted)


@api.post("/tokens", access=None, shows=TokenView, shows_secret=True)
def issue_token(call: Call, body: NewToken) -> dict[str, object]:
    """Issue a token for yourself or for a machine; its text is shown this once."""
    issued = tokens.issue_token(
        call.uow,
        call.actor,
        account_id=body.account_id,
        name=body.name,
        scopes=body.scopes,
        expires_at=body.expires_at,
    )
    return {
        "id": issued.row.id,
        "text": issued.text,
        "scopes": issued.row.scopes,
        "expires_at": issued.row.expires_at,
    }


@api.delete("/tokens/<uuid:token_id>", access=None)
def revoke_token(call: Call, token_id: UUID) -> None:
    """End a token of yours at once."""
    tokens.revoke_token(call.uow, call.actor, token_id=token_id)


def _shown(actor: Actor) -> dict[str, object]:
    return {"id": actor.id, "name": actor.name, "permissions": sorted(actor.permissions)}
