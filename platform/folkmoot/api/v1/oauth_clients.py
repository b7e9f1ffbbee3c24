"""OAuth clients: an id and a secret by which a machine fetches its own access tokens."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.identity import clients
from folkmoot.identity.models import OAuthClient
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.names import OneLineName
from folkmoot.kernel.pagination import Page

api = Api("accounts")


class NewClient(BaseModel):
    """A client for an account: what it is for, and what its tokens may do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_id: UUID
    name: OneLineName = Field(min_length=1, max_length=200)
    scopes: list[Permission] = Field(min_length=1, max_length=len(Permission))


class ClientView(View):
    """An OAuth client, without its secret."""

    id: UUID
    client_id: str
    name: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class RegisteredClientView(View):
    """A new client; its secret is shown this once."""

    id: UUID
    client_id: str
    secret: str
    scopes: list[str]


@api.post("/oauth-clients", access=None, shows=RegisteredClientView, shows_secret=True)
def register_client(call: Call, body: NewClient) -> dict[str, object]:
    """Register a client for yourself or for a machine; its secret is shown this once."""
    registered = clients.register_client(
        call.uow, call.actor, account_id=body.account_id, name=body.name, scopes=body.scopes
    )
    return {
        "id": registered.row.id,
        "client_id": registered.row.client_id,
        "secret": registered.secret,
        "scopes": registered.row.scopes,
    }


@api.get("/accounts/<uuid:account_id>/oauth-clients", access=None, shows=PageView[ClientView])
def list_clients(call: Call, account_id: UUID, query: PageQuery) -> Page[OAuthClient]:
    """List the clients of your account, or as an administrator of anybody's, newest first."""
    return clients.clients_of(call.uow, call.actor, account_id=account_id, wanted=query.wanted)


@api.delete("/oauth-clients/<uuid:client_id>", access=None)
def revoke_client(call: Call, client_id: UUID) -> None:
    """End a client of yours, and every token it fetched, at once."""
    clients.revoke_client(call.uow, call.actor, client_id=client_id)
