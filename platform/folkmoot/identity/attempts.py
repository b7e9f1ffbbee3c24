"""How often sign-in and the token endpoint may be tried: by account, and by address.

Counts live in the queue's Valkey, so that several web processes share them. While it does not
answer, each process counts for itself: sign-in goes on, and the limits become a little wider.
"""

import base64
import binascii
import functools
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from redis.backoff import NoBackoff
from redis.retry import Retry

from folkmoot.kernel.errors import TooMany
from folkmoot.kernel.settings import Settings

# Many people of one office share an address; few share an account.
ADDRESS_ALLOWANCE = 5
STORAGE_WAIT_SECONDS = 0.25
WINDOW_SECONDS = 60
SENTENCE = "Too many attempts in a short time. Please wait a minute and try again."

AccountKey = Callable[[], str]
View = Callable[..., ResponseReturnValue]
_LIMITER = "folkmoot.attempts"


def limit_attempts(
    app: Flask, settings: Settings, *, endpoint: str, account_key: AccountKey
) -> None:
    """Limit how often an endpoint may be posted to, by account and by address."""
    per_minute = settings.sign_in_attempts_per_minute
    limiter = _limiter_of(app, settings)
    by_account = limiter.limit(f"{per_minute}/minute", key_func=account_key, methods=["POST"])
    by_address = limiter.limit(f"{per_minute * ADDRESS_ALLOWANCE}/minute", methods=["POST"])
    view = cast("View", app.view_functions[endpoint])
    app.view_functions[endpoint] = _refusing_too_many(by_address(by_account(view)))


def _limiter_of(app: Flask, settings: Settings) -> Limiter:
    if _LIMITER not in app.extensions:
        app.extensions[_LIMITER] = _new_limiter(app, settings)
        app.after_request(_say_when_to_retry)
    return cast("Limiter", app.extensions[_LIMITER])


def _new_limiter(app: Flask, settings: Settings) -> Limiter:
    in_memory = not settings.queue_url
    return Limiter(
        get_remote_address,
        app=app,
        storage_uri=storage_address(settings.queue_url),
        storage_options={} if in_memory else _impatient(),
        in_memory_fallback_enabled=not in_memory,
        strategy="moving-window",
        key_prefix="folkmoot",
    )


def storage_address(queue_url: str) -> str:
    """Return the address of the counters: the queue's server, or this process's memory."""
    if not queue_url:
        return "memory://"
    return f"redis+{queue_url}" if queue_url.startswith("unix://") else queue_url


def key_of_email() -> str:
    """Return the key of the account that a sign-in form names."""
    return _hidden(request.form.get("email", "").strip().lower())


def key_of_client() -> str:
    """Return the key of the OAuth client that a token request names, in its header or form."""
    return _hidden(_basic_user() or request.form.get("client_id", ""))


def _basic_user() -> str:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _hidden(name: str) -> str:
    # An e-mail address is personal: the counters hold a digest, which is also never too long.
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]


def _refusing_too_many(view: View) -> View:
    @functools.wraps(view)
    def limited(*args: object, **kwargs: object) -> ResponseReturnValue:
        try:
            return view(*args, **kwargs)
        except RateLimitExceeded as error:
            raise TooMany(SENTENCE) from error

    return limited


def _say_when_to_retry(response: Response) -> Response:
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", str(WINDOW_SECONDS))
    return response


def _impatient() -> dict[str, str | int]:
    # The client's own retries take seconds; the counter in memory is there at once.
    options = {
        "socket_connect_timeout": STORAGE_WAIT_SECONDS,
        "socket_timeout": STORAGE_WAIT_SECONDS,
        "retry": Retry(NoBackoff(), retries=0),
    }
    return cast("dict[str, str | int]", options)  # limits hands them on as they are
