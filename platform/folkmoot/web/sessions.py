"""The cookie of a signed-in browser: it names a session that the server can end."""

from datetime import timedelta
from uuid import UUID

from flask import Flask, Request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect

from folkmoot.bootstrap import Services
from folkmoot.identity import access
from folkmoot.identity.access import actor_or_none, current_actor
from folkmoot.identity.current import current_services
from folkmoot.identity.models import BrowserSession
from folkmoot.identity.sessions import actor_of_session, end_session
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import NotAllowed, NotSignedIn
from folkmoot.kernel.settings import Settings

__all__ = ["actor_or_none", "current_actor", "end_here", "install", "remember"]

_SESSION_ID = "session_id"
NOT_OUR_FORM = (
    "This form did not come from our page, or the page is too old. Load it again and repeat."
)


class _PageSessions(SecureCookieSessionInterface):
    """Sessions for pages; what is for machines reads no cookie and sends none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(access.MACHINE_PATHS):
            return None  # Flask puts one there that cannot be written to
        return super().open_session(app, request)


def install(app: Flask, services: Services) -> None:
    """Set up cookies, the refusal of forged forms, and how a page knows who asks."""
    app.session_interface = _PageSessions()
    app.config.update(cookie_settings(services.settings))
    csrf = CSRFProtect(app)
    app.before_request(lambda: _refuse_forgery(csrf))
    access.identify_browsers_by(app, actor_of_browser)


def cookie_settings(settings: Settings) -> dict[str, object]:
    """Return Flask's settings for session cookies and form tokens."""
    return {
        # A browser takes a __Host- cookie only when secure and from this host itself.
        "SESSION_COOKIE_NAME": "__Host-folkmoot" if settings.is_production else "folkmoot",
        "SESSION_COOKIE_SECURE": settings.is_production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=settings.session_hours),
        # A form token is as good as the session it is bound to; an old tab must not lose a text.
        "WTF_CSRF_TIME_LIMIT": None,
        # No Referer is asked for: with __Host- cookies no neighbour can plant a session.
        "WTF_CSRF_SSL_STRICT": False,
        "WTF_CSRF_CHECK_DEFAULT": False,  # `_refuse_forgery` calls it
    }


def remember(opened: BrowserSession) -> None:
    """Put a session that was just opened into the browser's cookie, and nothing from before."""
    session.clear()
    session.permanent = True
    session[_SESSION_ID] = str(opened.id)


def end_here() -> None:
    """End the session of this browser, on the server and in its cookie."""
    session_id = _session_id()
    if session_id is not None:
        with current_services().unit_of_work() as uow:
            end_session(uow, session_id)
    session.clear()


def actor_of_browser() -> Actor | None:
    """Return who is signed in on this browser, or None; a session that has ended is forgotten."""
    session_id = _session_id()
    if session_id is None:
        return None
    try:
        with current_services().reading() as uow:
            return actor_of_session(uow, session_id)
    except NotSignedIn:
        session.pop(_SESSION_ID, None)
        return None


def _session_id() -> UUID | None:
    text = session.get(_SESSION_ID)
    return UUID(text) if text else None


def _refuse_forgery(csrf: CSRFProtect) -> None:
    # What reads no cookie cannot be forged by a page that a signed-in person visits.
    if access.reads_no_cookie():
        return
    try:
        csrf.protect(apply_exemptions=True)
    except CSRFError as error:
        raise NotAllowed(NOT_OUR_FORM) from error
