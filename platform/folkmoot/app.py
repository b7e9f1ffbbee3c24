"""The web application: API and pages over the same services."""

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from folkmoot import api, web
from folkmoot.api import oauth_token, tiles
from folkmoot.bootstrap import Services
from folkmoot.identity import access
from folkmoot.identity.access import public, reads_no_cookie
from folkmoot.kernel.errors import DomainError, InvalidInput, NotSignedIn, TooLarge, Unavailable
from folkmoot.problems import MEDIA_TYPE, Problem, problem_of, problem_of_http
from folkmoot.web.content_policy import CONTENT_SECURITY_POLICY


def create_app(services: Services) -> Flask:
    """Build the application around its services."""
    app = Flask("folkmoot", static_folder="web/static", template_folder="web/templates")
    app.extensions["folkmoot"] = services
    settings = services.settings
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        MAX_CONTENT_LENGTH=settings.largest_request_bytes,
    )
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]  # the documented way
    app.json.sort_keys = False  # type: ignore[attr-defined]  # a payload keeps its order
    _install_problems(app)
    _install_health(app, services)
    app.before_request(lambda: _take_larger_files(app, settings.largest_import_bytes))
    app.before_request(_refuse_nul)
    app.after_request(_harden)
    api.install(app)
    web.install(app, services)
    access.install(app)
    oauth_token.install(app, services)
    tiles.install(app, services)
    return app


def _install_problems(app: Flask) -> None:
    app.register_error_handler(DomainError, lambda error: _answer(problem_of(error)))
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(OperationalError, _answer_database)


def _answer(problem: Problem) -> ResponseReturnValue:
    if not reads_no_cookie() and not request.is_json:
        return web.problem_page(problem)
    response = Response(problem.model_dump_json(), problem.status, mimetype=MEDIA_TYPE)
    if problem.type.endswith(NotSignedIn.code):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, RequestEntityTooLarge):
        return _answer(problem_of(TooLarge(f"At most {_most_bytes_text()} are taken here.")))
    if error.response is not None or (error.code or 500) < 400:
        return error  # a redirect, or a response that was made on purpose
    answer = _answer(problem_of_http(error))
    if isinstance(answer, Response):
        # Such as Allow on 405; the content type is ours.
        answer.headers.extend(
            (k, v) for k, v in error.get_headers() if k not in ("Content-Type", "Content-Length")
        )
    return answer


def _most_bytes_text() -> str:
    most = request.max_content_length or 0
    return f"{most / 2**30:.4g} GiB" if most >= 2**30 else f"{most / 2**20:.4g} MiB"


def _answer_database(_error: OperationalError) -> ResponseReturnValue:
    return _answer(problem_of(Unavailable("The database does not answer now. Try again soon.")))


def _install_health(app: Flask, services: Services) -> None:
    @app.get("/healthz")
    @public
    def health() -> ResponseReturnValue:
        """Say that the process and its database answer."""
        with services.reading() as uow:
            uow.session.execute(text("SELECT 1"))
        return jsonify(status="ok")


def _take_larger_files(app: Flask, most_bytes: int) -> None:
    view = app.view_functions.get(request.endpoint or "")
    if view is not None and access.takes_file(view):
        # A form is read before its view is called: nobody else may fill our disk by one.
        access.check_access(access.access_of(view) or access.SIGNED_IN, access.actor_or_none())
        request.max_content_length = most_bytes


def _refuse_nul() -> None:
    # PostgreSQL cannot hold the character, and nobody types it.
    sent = list(request.args.items(multi=True))
    if not request.is_json:  # there `read_json` looks
        sent += request.form.items(multi=True)
    if any("\x00" in text for pair in sent for text in pair):
        raise InvalidInput("What was sent holds a NUL character, which cannot be stored.")


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if not request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    elif "v" not in request.args:
        # Modules import each other by plain names; an old one must not meet a new one.
        headers["Cache-Control"] = "no-cache"
    elif "v" in request.args:  # the address holds the file's digest, so it never changes
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
