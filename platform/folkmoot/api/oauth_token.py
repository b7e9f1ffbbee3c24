"""`/oauth/token`, where machines fetch access tokens, and the document that describes it."""

from flask import Blueprint, Flask, Response, current_app, jsonify

from folkmoot.bootstrap import Services
from folkmoot.identity import attempts, oauth
from folkmoot.identity.access import public
from folkmoot.identity.current import current_services

blueprint = Blueprint("oauth", __name__)


def install(app: Flask, services: Services) -> None:
    """Add the token endpoint to an application."""
    oauth.install(app, services.settings)
    app.register_blueprint(blueprint)
    attempts.limit_attempts(
        app, services.settings, endpoint="oauth.token", account_key=attempts.key_of_client
    )


@blueprint.post(oauth.TOKEN_PATH)
@public
def token() -> Response:
    """Exchange a client's id and secret for a short-lived access token."""
    return oauth.token_response(current_app)


@blueprint.get("/.well-known/oauth-authorization-server")
@public
def metadata() -> Response:
    """Describe the token endpoint (RFC 8414)."""
    return jsonify(oauth.server_metadata(current_services().settings))
