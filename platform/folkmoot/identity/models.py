"""Tables of accounts, roles, tokens and what signs in with them."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from folkmoot.identity.permissions import Role
from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id


class Account(SQLModel, table=True):
    """A person or a machine that may sign in."""

    __tablename__ = "account"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)
    display_name: str
    password_hash: str | None = None
    is_active: bool = True
    # Raised to end every browser session of the account at once.
    session_epoch: int = 0
    created_at: datetime


class BrowserSession(SQLModel, table=True):
    """One signed-in browser; the cookie carries its id, so that ending the row ends the session."""

    __tablename__ = "browser_session"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    # The session counts only while this equals the account's present epoch.
    epoch: int
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class AccountRole(SQLModel, table=True):
    """One role of one account."""

    __tablename__ = "account_role"

    account_id: UUID = Field(foreign_key="account.id", primary_key=True)
    role: Role = Field(sa_type=enum_type(Role), primary_key=True)


class OAuthClient(SQLModel, table=True):
    """A machine that gets access tokens by client credentials, acting as an account."""

    __tablename__ = "oauth_client"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str = Field(unique=True)
    secret_digest: str
    account_id: UUID = Field(foreign_key="account.id", index=True)
    name: str
    scopes: list[str] = Field(sa_type=sa.JSON)
    created_at: datetime
    revoked_at: datetime | None = None


class AccessToken(SQLModel, table=True):
    """A bearer token; only the SHA-256 of its random text is stored."""

    __tablename__ = "access_token"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    oauth_client_id: UUID | None = Field(default=None, foreign_key="oauth_client.id", index=True)
    name: str
    token_digest: str = Field(unique=True)
    scopes: list[str] = Field(sa_type=sa.JSON)
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class OidcIdentity(SQLModel, table=True):
    """Who an account is at an OpenID provider."""

    __tablename__ = "oidc_identity"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
