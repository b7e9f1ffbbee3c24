"""A witness over HTTP: a WSGI application with one address to post to, and no library."""

import logging
import sqlite3
from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from audit.witness import MalformedAsking, OtherPast, Refusal, Witness
from audit.witness_messages import ADD_CHECKPOINT, SIZE_TYPE

HEALTH = "/healthz"
TEXT = "text/plain; charset=utf-8"
# Sixteen signatures that no quantum computer forges, a proof, and room to spare.
MOST_BYTES = 256 * 1024

log = logging.getLogger(__name__)


class WitnessApp:
    """Answers `POST /add-checkpoint` with cosignatures, or with the status that refuses."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        status, content_type, text = self._answer(environ)
        body = text.encode()
        headers = [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "POST" if environ["PATH_INFO"] == ADD_CHECKPOINT else "GET"))
        start(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, str, str]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path not in (ADD_CHECKPOINT, HEALTH):
            return HTTPStatus.NOT_FOUND, TEXT, "There is nothing here.\n"
        if method != {ADD_CHECKPOINT: "POST", HEALTH: "GET"}[path]:
            return HTTPStatus.METHOD_NOT_ALLOWED, TEXT, "This address is not asked in this way.\n"
        if path == HEALTH:
            return HTTPStatus.OK, TEXT, "ok\n"
        return self._add_checkpoint(environ)

    def _add_checkpoint(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, str, str]:
        try:
            return HTTPStatus.OK, TEXT, self._witness.add_checkpoint(_body_of(environ))
        except OtherPast as refusal:
            return refusal.status, SIZE_TYPE, f"{refusal.size}\n"
        except Refusal as refusal:
            return refusal.status, TEXT, f"{refusal}\n"
        except sqlite3.Error as error:
            log.warning("The witness's file cannot be used now: %s", error)
            return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, "Please ask again soon.\n"


def _body_of(environ: WSGIEnvironment) -> bytes:
    # Some servers wait for ever where more is read than was announced.
    announced = environ.get("CONTENT_LENGTH") or str(MOST_BYTES + 1)
    wanted = int(announced) if announced.isdecimal() else MOST_BYTES + 1
    body: bytes = environ["wsgi.input"].read(min(wanted, MOST_BYTES + 1))
    if len(body) > MOST_BYTES:
        raise MalformedAsking(f"A request has at most {MOST_BYTES} bytes.")
    return body
