"""JSON over HTTP, for machines: `/api/v1`, described by `/api/v1/openapi.json`."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, jsonify
from flask.typing import ResponseReturnValue

from folkmoot.api.calling import call_operation
from folkmoot.api.openapi import Spec, openapi_of
from folkmoot.api.operations import Operation
from folkmoot.api.v1 import ALL
from folkmoot.identity.access import public, requires, signed_in
from folkmoot.identity.current import current_services

PREFIX = "/api/v1"

OPERATIONS: tuple[Operation, ...] = tuple(one for api in ALL for one in api.operations)


def install(app: Flask) -> None:
    """Add the API to the application."""
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    for operation in OPERATIONS:
        view = _view_of(operation)
        blueprint.add_url_rule(
            operation.path, operation.name, view, methods=[operation.method], strict_slashes=True
        )
    blueprint.add_url_rule("/openapi.json", "openapi", _openapi)
    app.register_blueprint(blueprint)
    app.extensions["openapi"] = describe  # for the page that shows it to people


def describe() -> Spec:
    """Return the OpenAPI document of the API."""
    return openapi_of(OPERATIONS, server=current_services().settings.public_url + PREFIX)


def _view_of(operation: Operation) -> Callable[..., Response]:
    def view(**path_values: str) -> Response:
        return call_operation(operation, path_values)

    view.__name__ = operation.name
    if operation.access is None:
        return signed_in(view)
    return requires(operation.access)(view)


@public
def _openapi() -> ResponseReturnValue:
    return jsonify(describe())
