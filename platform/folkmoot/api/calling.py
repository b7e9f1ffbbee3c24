"""Run an operation: check the input, open one transaction, call the handler, answer.

Who asks, and whether they may, was settled before by `folkmoot.identity.access`.
"""

import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Flask, Response, current_app, g, request, send_file
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import UnsupportedMediaType

from folkmoot.api.json_bodies import read_json
from folkmoot.api.operations import JSON, Call, Download, Operation
from folkmoot.bootstrap import Services
from folkmoot.identity.access import current_actor
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.artifacts import ReceivedFile, chunks_of
from folkmoot.kernel.errors import Conflict, DomainError, InvalidInput, NotFound, TooLarge
from folkmoot.kernel.idempotency import LONGEST_KEY, keep_answer, kept_answer
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.problems import invalid_input

LARGEST_JSON_BYTES = 16 * 1024 * 1024
KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = f"^[!-~]{{1,{LONGEST_KEY}}}$"


@dataclass(frozen=True)
class Answer:
    """What goes back: a status, and a body that is ready to send."""

    status: int
    body: bytes | Path
    media_type: str = JSON
    file_name: str | None = None

    @property
    def text(self) -> str:
        """Return the body as text; a file is never kept for a retry, so it has none."""
        return "" if isinstance(self.body, Path) else self.body.decode()

    def to_response(self) -> Response:
        """Return the answer as the framework wants it."""
        if isinstance(self.body, Path):
            response = send_file(self.body.absolute(), mimetype=self.media_type)
        else:
            response = Response(self.body, status=self.status, mimetype=self.media_type)
        if self.file_name is not None:
            response.headers["Content-Disposition"] = f'attachment; filename="{self.file_name}"'
        return response


def services_of(app: Flask) -> Services:
    """Return the services that this application was built with."""
    services = app.extensions["folkmoot"]
    if not isinstance(services, Services):
        raise TypeError("the application was not made by create_app")
    return services


def call_operation(operation: Operation, path_values: dict[str, Any]) -> Response:
    """Answer the present request by an operation."""
    services = services_of(current_app)
    actor = current_actor()
    if operation.body is ReceivedFile:
        return _call_with_file(operation, services, actor, path_values)
    arguments = _arguments(operation, path_values)
    if not operation.changes:
        with services.reading() as uow:
            return _run(operation, Call(uow, actor, services), arguments).to_response()
    return _changing(operation, services, actor, arguments).to_response()


def _call_with_file(
    operation: Operation, services: Services, actor: Actor, path_values: dict[str, Any]
) -> Response:
    """Take the body to the disk before any transaction begins; it may be far larger than memory."""
    arguments = _arguments(operation, path_values)
    request.max_content_length = services.settings.largest_import_bytes
    with services.artifacts.receive(chunks_of(cast("BinaryIO", request.stream))) as received:
        g.received_digest = received.digest
        arguments["body"] = received
        return _changing(operation, services, actor, arguments).to_response()


def _changing(
    operation: Operation, services: Services, actor: Actor, arguments: dict[str, Any]
) -> Answer:
    key = request.headers.get(KEY_HEADER)
    if key is not None and not re.fullmatch(KEY_PATTERN, key):
        raise InvalidInput(f"The {KEY_HEADER} must have 1 to {LONGEST_KEY} visible characters.")
    try:
        return _change(operation, services, actor, arguments, key)
    except (DomainError, IntegrityError) as error:
        # The same request may have been quicker on another connection: then its answer is ours.
        kept = _kept(operation, services, actor, key) if key is not None else None
        if kept is not None:
            return kept
        if isinstance(error, DomainError):
            raise
        raise Conflict(
            "Another request changed the same thing at the same moment. Try again."
        ) from error


def _kept(operation: Operation, services: Services, actor: Actor, key: str) -> Answer | None:
    with services.reading() as uow:
        return _kept_in(uow, operation, account_id=actor.id, key=key)


def _change(
    operation: Operation,
    services: Services,
    actor: Actor,
    arguments: dict[str, Any],
    key: str | None,
) -> Answer:
    with services.unit_of_work() as uow:
        call = Call(uow, actor, services)
        if key is None:
            return _run(operation, call, arguments)
        return _run_once(operation, call, arguments, key)


def _run_once(operation: Operation, call: Call, arguments: dict[str, Any], key: str) -> Answer:
    kept = _kept_in(call.uow, operation, account_id=call.actor.id, key=key)
    if kept is not None:
        return kept
    answer = _run(operation, call, arguments)
    keep_answer(
        call.uow,
        account_id=call.actor.id,
        key=key,
        request_digest=_request_digest(),
        status=answer.status,
        body="" if operation.shows_secret else answer.text,
    )
    return answer


def _kept_in(uow: UnitOfWork, operation: Operation, *, account_id: UUID, key: str) -> Answer | None:
    digest = _request_digest()
    kept = kept_answer(uow, account_id=account_id, key=key, request_digest=digest)
    if kept is None:
        return None
    if operation.shows_secret:
        raise Conflict("This was done already, and the secret it made is shown only once.")
    return Answer(kept.status, kept.body.encode())


def _request_digest() -> str:
    parts = (request.method, request.full_path, request.content_type or "")
    body = g.received_digest.encode() if "received_digest" in g else request.get_data()
    return hashlib.sha256("\n".join(parts).encode() + body).hexdigest()


def _run(operation: Operation, call: Call, arguments: dict[str, Any]) -> Answer:
    result = operation.handler(call, **arguments)
    if isinstance(result, Download):
        return Answer(operation.status, result.content, result.media_type, result.file_name)
    if operation.shows is None:
        return Answer(HTTPStatus.NO_CONTENT, b"")
    if not issubclass(operation.shows, BaseModel):
        raise TypeError(f"{operation.name} promised a download and returned something else")
    shown = operation.shows.model_validate(result, from_attributes=True)
    return Answer(operation.status, shown.model_dump_json().encode())


def _arguments(operation: Operation, path_values: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        name: _path_value(path_values[name], kind)
        for name, kind in operation.path_parameters.items()
    }
    if operation.query is not None:
        arguments["query"] = _query(operation.query)
    elif request.args:
        raise InvalidInput(f"Unknown query parameter {next(iter(request.args))!r}.")
    if operation.body is not None:
        _check_media_type(operation)
    if operation.body not in (None, ReceivedFile):
        arguments["body"] = _body(operation)
    return arguments


def _path_value(text: Any, kind: Any) -> Any:
    # The router reads `<uuid:…>` itself; other kinds are made from their text.
    if isinstance(text, kind):
        return text
    try:
        return kind(text)
    except ValueError as error:
        raise NotFound(f"There is nothing called {text!r} here.") from error


def _check_media_type(operation: Operation) -> None:
    if request.mimetype not in operation.takes:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(operation.takes)}.")


def _body(operation: Operation) -> Any:
    content = request.get_data()
    if len(content) > LARGEST_JSON_BYTES:
        raise TooLarge(f"The body has more than {LARGEST_JSON_BYTES // 2**20} MiB.")
    return read_json(operation.body, content)


def _query(model: type[BaseModel]) -> BaseModel:
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise invalid_input(error, where="query") from error
