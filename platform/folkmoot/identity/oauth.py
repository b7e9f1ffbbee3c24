"""The OAuth 2.0 token endpoint (RFC 6749, section 4.4): client credentials for short tokens.

Authlib reads the request, authenticates the client and writes the answer; what it asks of us is
here: which clients there are, what they may do, and how a token is kept.
"""

from collections.abc import Callable
from typing import ClassVar, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, grants, list_to_scope, scope_to_list
from authlib.oauth2.rfc6749.authenticate_client import authenticate_client_secret_basic
from flask import Flask, Response

from folkmoot.identity.clients import find_client, is_secret, keep_fetched_token
from folkmoot.identity.current import current_services
from folkmoot.identity.models import OAuthClient
from folkmoot.identity.permissions import Permission
from folkmoot.identity.tokens import new_token_text
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.settings import Settings

TOKEN_PATH = "/oauth/token"  # noqa: S105
GRANT_TYPE = "client_credentials"
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
_SERVER = "folkmoot.oauth"


class KnownClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """One of our clients, in the words that Authlib asks in."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row

    def get_client_id(self) -> str:
        """Return the public id."""
        return self.row.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scopes to grant: all of the client's if it asks for none in particular."""
        wanted = scope_to_list(scope) or self.row.scopes
        # None makes Authlib answer invalid_scope; granting less in silence would surprise later.
        return list_to_scope(wanted) if set(wanted) <= set(self.row.scopes) else None

    def check_client_secret(self, client_secret: str) -> bool:
        """Say whether the secret is right."""
        return is_secret(self.row, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Say whether a client may prove itself in this way."""
        return endpoint == "token" and method in SECRET_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether a client may ask for tokens in this way."""
        return grant_type == GRANT_TYPE


class UnknownClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Stands in for a client that is not there: a wrong id and a wrong secret look alike."""

    def check_client_secret(self, client_secret: str) -> bool:  # noqa: ARG002
        """Refuse every secret."""
        return False


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]  # no types
    """The only grant: a machine speaks for its own account."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(SECRET_METHODS)


def install(app: Flask, settings: Settings) -> None:
    """Give an application its authorization server."""
    app.config.update(
        OAUTH2_ACCESS_TOKEN_GENERATOR=_new_token,
        OAUTH2_TOKEN_EXPIRES_IN={GRANT_TYPE: settings.access_token_minutes * 60},
        OAUTH2_SCOPES_SUPPORTED=[permission.value for permission in Permission],
    )
    server = AuthorizationServer(app, query_client=_find, save_token=_keep)
    server.register_grant(ClientCredentials)
    server.register_client_auth_method("client_secret_basic", _client_in_header)
    app.extensions[_SERVER] = server


def _client_in_header(
    query_client: Callable[[str], KnownClient | UnknownClient], request: OAuth2Request
) -> KnownClient | None:
    try:
        return cast("KnownClient | None", authenticate_client_secret_basic(query_client, request))
    except ValueError:  # Authlib lets what is neither ASCII nor, decoded, UTF-8 go through.
        return None


def token_response(app: Flask) -> Response:
    """Answer the present request for a token."""
    server = cast("AuthorizationServer", app.extensions[_SERVER])
    return cast("Response", server.create_token_response())


def server_metadata(settings: Settings) -> JsonObject:
    """Return what RFC 8414 wants to be known of an authorization server."""
    return {
        "issuer": settings.public_url,
        "token_endpoint": settings.public_url + TOKEN_PATH,
        "token_endpoint_auth_methods_supported": list(SECRET_METHODS),
        "grant_types_supported": [GRANT_TYPE],
        "response_types_supported": [],
        "scopes_supported": [permission.value for permission in Permission],
        "service_documentation": settings.public_url + "/api/v1/openapi.json",
    }


def _new_token(**_request: object) -> str:
    return new_token_text()


def _find(client_id: str) -> KnownClient | UnknownClient:
    with current_services().reading() as uow:
        client = find_client(uow, client_id)
    return KnownClient(client) if client else UnknownClient()


def _keep(token: dict[str, str], request: OAuth2Request) -> None:
    services = current_services()
    with services.unit_of_work() as uow:
        keep_fetched_token(
            uow,
            client_id=request.client.get_client_id(),
            text=token["access_token"],
            scopes=scope_to_list(token["scope"]) or (),
            minutes=services.settings.access_token_minutes,
        )
