"""Sign-in at an OpenID provider: authorization code with PKCE (S256), state and nonce.

Off unless FOLKMOOT_OIDC_ISSUER is set. Authlib's client does the protocol; here is which claims
are accepted and what each failure is called.
"""

from collections.abc import Mapping
from typing import cast

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask, Response
from joserfc.errors import JoseError

from folkmoot.identity.accounts import email_or_none
from folkmoot.identity.provider_sign_in import ProvenPerson
from folkmoot.kernel.errors import NotSignedIn, Unavailable
from folkmoot.kernel.settings import Settings

WAIT_SECONDS = 10
DISCOVERY_PATH = "/.well-known/openid-configuration"
REFUSAL = "The sign-in at your organisation did not succeed. Please start again."
SILENCE = "Your organisation's sign-in does not answer now. Try again soon."
_PROVIDER = "folkmoot.oidc"


def is_configured(settings: Settings) -> bool:
    """Say whether people may sign in at a provider."""
    return bool(settings.oidc_issuer)


def install(app: Flask, settings: Settings) -> None:
    """Make the provider of the settings known to an application; asks it nothing yet."""
    if not is_configured(settings):
        return
    provider = OAuth(app).register(
        "folkmoot_provider",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        server_metadata_url=settings.oidc_issuer.rstrip("/") + DISCOVERY_PATH,
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": WAIT_SECONDS,
        },
    )
    app.extensions[_PROVIDER] = provider


def redirect_to_provider(app: Flask, *, return_to: str) -> Response:
    """Send the browser to the provider, with state, nonce and challenge kept in its session."""
    try:
        return cast("Response", _provider(app).authorize_redirect(return_to))
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(SILENCE) from error


def person_from_callback(app: Flask, settings: Settings) -> ProvenPerson:
    """Exchange the code of the present request, check the ID token, and return whom it names."""
    claims = _checked_claims(_provider(app), settings)
    return ProvenPerson(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        email=email_or_none(str(claims.get("email") or "")),
        # Some providers send the text "true"; only the real thing counts.
        is_email_verified=claims.get("email_verified") is True,
    )


def _checked_claims(provider: FlaskOAuth2App, settings: Settings) -> Mapping[str, object]:
    try:
        token = provider.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "value": settings.oidc_issuer},
                "aud": {"essential": True, "value": settings.oidc_client_id},
            }
        )
    except (AuthlibBaseError, JoseError) as error:
        raise NotSignedIn(REFUSAL) from error
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(SILENCE) from error
    if "userinfo" not in token:
        raise NotSignedIn(REFUSAL)  # the provider sent no ID token: nothing is proven
    return cast("Mapping[str, object]", token["userinfo"])


def _provider(app: Flask) -> FlaskOAuth2App:
    return cast("FlaskOAuth2App", app.extensions[_PROVIDER])
