"""Sign-in and sign-out in a browser, by password or at the organisation's provider."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from folkmoot.bootstrap import Services
from folkmoot.identity import attempts, oidc
from folkmoot.identity.access import actor_or_none, public
from folkmoot.identity.current import current_services
from folkmoot.identity.provider_sign_in import sign_in_by_provider
from folkmoot.identity.sign_in import sign_in as sign_in_by_password
from folkmoot.kernel.errors import NotFound, NotSignedIn
from folkmoot.web import sessions

blueprint = Blueprint("pages", __name__)

_NEXT = "next"
LONGEST_NEXT = 2000


@dataclass(frozen=True)
class SignInForm:
    """What the sign-in page shows again after a refusal."""

    email: str = ""
    error: str | None = None
    next: str = "/"


def install(app: Flask, services: Services) -> None:
    """Add the sign-in pages to an application; `sessions.install` adds what they build on."""
    oidc.install(app, services.settings)
    app.register_blueprint(blueprint)
    attempts.limit_attempts(
        app, services.settings, endpoint="pages.sign_in", account_key=attempts.key_of_email
    )


def local_path(address: str | None) -> str:
    """Return an address to go on to if it lies on this server, else the first page."""
    # Browsers read a backslash as a slash and drop control characters, so neither may occur.
    if not address or len(address) > LONGEST_NEXT or not address.isprintable() or "\\" in address:
        return "/"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_local = address.startswith("/") and not address.startswith("//")
    return address if is_local and not parts.scheme and not parts.netloc else "/"


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Show the sign-in form, or sign in by what was sent with it."""
    going_on = local_path(request.values.get(_NEXT))
    if request.method == "POST":
        return _sign_in_by_form(going_on)
    if actor_or_none() is not None:
        return redirect(going_on)
    return _page(SignInForm(next=going_on))


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    sessions.end_here()
    return redirect(url_for("pages.sign_in"), HTTPStatus.SEE_OTHER)


@blueprint.get("/sign-in/provider")
@public
def sign_in_at_provider() -> ResponseReturnValue:
    """Send the browser to the organisation's sign-in."""
    _refuse_without_provider()
    session[_NEXT] = local_path(request.args.get(_NEXT))
    # From the settings, not from the Host header, which whoever sends the request chooses.
    return_to = current_services().settings.public_url + url_for("pages.return_from_provider")
    return oidc.redirect_to_provider(current_app, return_to=return_to)


@blueprint.get("/sign-in/provider/return")
@public
def return_from_provider() -> ResponseReturnValue:
    """Sign in the person whom the organisation's sign-in has proven."""
    _refuse_without_provider()
    services = current_services()
    going_on = local_path(session.pop(_NEXT, None))
    try:
        person = oidc.person_from_callback(current_app, services.settings)
        opened = sign_in_by_provider(services, person)
    except NotSignedIn as refusal:
        return _page(SignInForm(error=refusal.message, next=going_on)), HTTPStatus.FORBIDDEN
    sessions.remember(opened)
    return redirect(going_on, HTTPStatus.SEE_OTHER)


def _sign_in_by_form(going_on: str) -> ResponseReturnValue:
    email = request.form.get("email", "")
    password = request.form.get("password", "")
    try:
        opened = sign_in_by_password(current_services(), email=email, password=password)
    except NotSignedIn as refusal:
        form = SignInForm(email=email, error=refusal.message, next=going_on)
        return _page(form), HTTPStatus.FORBIDDEN
    sessions.remember(opened)
    return redirect(going_on, HTTPStatus.SEE_OTHER)


def _page(form: SignInForm) -> str:
    settings = current_services().settings
    has_provider = oidc.is_configured(settings)
    return render_template(
        "sign_in.html",
        form=form,
        oidc_name=settings.oidc_label if has_provider else None,
        oidc_url=url_for("pages.sign_in_at_provider", next=form.next) if has_provider else None,
        # Set by the demo alone, whose accounts are nobody's.
        demo_accounts=current_app.config.get("DEMO_ACCOUNTS", ()),
    )


def _refuse_without_provider() -> None:
    if not oidc.is_configured(current_services().settings):
        raise NotFound("Sign-in at an organisation is not set up here.")
