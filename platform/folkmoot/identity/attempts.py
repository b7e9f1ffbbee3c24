"""How often sign-in and the token endpoint may be tried: by account, and by address.

Counts live in the queue's Valkey, so that several web processes share them. While it does not
answer, each process counts for itself: sign-in goes on, and the limits become a little wider.
"""

import base64
import functools
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
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
_COUNTERS = "folkmoot.attempts"


class _Counters:
    """How often each key came within the last minute."""

    def __init__(self, queue_url: str) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_storage(queue_url)) if queue_url else self._own

    def allow(self, item: RateLimitItem, *key: str) -> bool:
        """Count an attempt, or refuse it where it is one too many."""
        try:
            return self._shared.hit(item, *key)
        except StorageError:
            return self._own.hit(item, *key)


def limit_attempts(
    app: Flask, settings: Settings, *, endpoint: str, account_key: AccountKey
) -> None:
    """Limit how often an endpoint may be posted to, by account and by address."""
    counters = _counters_of(app, settings)
    for_account = RateLimitItemPerMinute(settings.sign_in_attempts_per_minute)
    for_address = RateLimitItemPerMinute(for_account.amount * ADDRESS_ALLOWANCE)
    view = cast("View", app.view_functions[endpoint])

    @functools.wraps(view)
    def limited(*args: object, **kwargs: object) -> ResponseReturnValue:
        if request.method == "POST" and not (
            counters.allow(for_address, endpoint, "address", request.remote_addr or "")
            and counters.allow(for_account, endpoint, "account", account_key())
        ):
            raise TooMany(SENTENCE)
        return view(*args, **kwargs)

    app.view_functions[endpoint] = limited


def _counters_of(app: Flask, settings: Settings) -> _Counters:
    if _COUNTERS not in app.extensions:
        app.extensions[_COUNTERS] = _Counters(settings.queue_url)
        app.after_request(_say_when_to_retry)
    return cast("_Counters", app.extensions[_COUNTERS])


def _storage(queue_url: str) -> Storage:
    storage = storage_from_string(
        storage_address(queue_url), wrap_exceptions=True, key_prefix="folkmoot", **_impatient()
    )
    return cast("Storage", storage)  # no asynchronous one by such an address


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
    except ValueError:  # neither base64, nor of ASCII, nor UTF-8 within
        return ""


def _hidden(name: str) -> str:
    # An e-mail address is personal: the counters hold a digest, which is also never too long.
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]


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
