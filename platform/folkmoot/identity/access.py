"""Who may open which endpoint: every view says it, and a view that does not stays shut.

Pages know people by their session cookie, the API knows machines by their bearer token, and
neither takes the other's: a request that a cookie cannot authorise cannot be forged from outside.

    @blueprint.get("/log")
    @requires(Permission.READ_LOG)
    def log() -> str: ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar, cast

from flask import Flask, current_app, g, request

from folkmoot.identity.bearer import actor_of_bearer
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotAllowed, NotSignedIn

P = ParamSpec("P")
R = TypeVar("R")

# Says who asks, or None where nobody says.
Identify = Callable[[], Actor | None]

MACHINE_PATHS = ("/api/", "/log/", "/oauth/", "/.well-known/")
SIGN_IN_FIRST = "Please sign in first."
_IDENTIFY = "folkmoot.identify"


@dataclass(frozen=True)
class Access:
    """Who may open an endpoint: anybody, anybody signed in, or who holds a permission."""

    is_public: bool = False
    permission: Permission | None = None


PUBLIC = Access(is_public=True)
SIGNED_IN = Access()


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Open a view to those who hold a permission."""
    return _declaring(Access(permission=permission))


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Open a view to everybody."""
    return _declaring(PUBLIC)(view)


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """Open a view to everybody who is signed in."""
    return _declaring(SIGNED_IN)(view)


def taking_a_file(view: Callable[P, R]) -> Callable[P, R]:
    """Let a form of this view carry a large file, for those who may open it."""
    view.takes_file = True  # type: ignore[attr-defined]  # any function takes attributes
    return view


def takes_file(view: Callable[..., object]) -> bool:
    """Say whether a form of this view may carry a large file."""
    return bool(getattr(view, "takes_file", False))


def access_of(view: Callable[..., object]) -> Access | None:
    """Return what a view declared, or None where it declared nothing."""
    return cast("Access | None", getattr(view, "access", None))


def check_access(access: Access, actor: Actor | None) -> None:
    """Refuse an actor that may not open what is declared so."""
    if access.is_public:
        return
    if actor is None:
        raise NotSignedIn(SIGN_IN_FIRST)
    if access.permission is not None and not actor.may(access.permission):
        raise NotAllowed(f"This needs the permission {access.permission.value!r}.")


def install(app: Flask) -> None:
    """Guard every endpoint of an application, also those that are added later."""
    if "static" in app.view_functions:
        public(cast("Callable[..., object]", app.view_functions["static"]))
    app.before_request(_guard)


def identify_browsers_by(app: Flask, identify: Identify) -> None:
    """Say how a request for a page tells who asks."""
    app.extensions[_IDENTIFY] = identify


def reads_no_cookie() -> bool:
    """Say whether the present request is for machines, where a cookie counts for nothing."""
    return request.path.startswith(MACHINE_PATHS)


def actor_or_none() -> Actor | None:
    """Return who asks, or None where nobody says; found once for each request."""
    if "actor" not in g:
        g.actor = actor_of_bearer() if reads_no_cookie() else _actor_of_browser()
    return cast("Actor | None", g.actor)


def current_actor() -> Actor:
    """Return who asks, or refuse where nobody says."""
    actor = actor_or_none()
    if actor is None:
        raise NotSignedIn(SIGN_IN_FIRST)
    return actor


def _actor_of_browser() -> Actor | None:
    identify = cast("Identify | None", current_app.extensions.get(_IDENTIFY))
    return identify() if identify else None


def _declaring(access: Access) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def declare(view: Callable[P, R]) -> Callable[P, R]:
        view.access = access  # type: ignore[attr-defined]  # any function takes attributes
        return view

    return declare


def _guard() -> None:
    if request.endpoint is None:
        return  # no such address: the router answers 404 or 405
    access = access_of(current_app.view_functions[request.endpoint])
    if access is None:
        raise NotAllowed("This address does not say who may open it, so nobody may.")
    if not access.is_public:
        check_access(access, actor_or_none())
