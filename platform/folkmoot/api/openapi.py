"""Describe the operations as OpenAPI 3.1, from the very models that validate them."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from folkmoot import __version__
from folkmoot.api.calling import KEY_HEADER, KEY_PATTERN
from folkmoot.api.operations import JSON, Download, Operation
from folkmoot.kernel.artifacts import ReceivedFile
from folkmoot.problems import MEDIA_TYPE, Problem

Spec = dict[str, Any]  # OpenAPI's own shape, made here and only dumped
REFERENCE = "#/components/schemas/{model}"
REFUSALS = {
    400: "The request cannot be read.",
    401: "No valid access token was sent.",
    403: "The token lacks the permission.",
    404: "There is no such thing.",
    409: "It contradicts what is already there.",
    410: "Its time is over.",
    413: "The body is too large.",
    415: "The body's media type is not taken.",
    422: "The input breaks a rule; the fields are named.",
    429: "Too many requests.",
    503: "A part that is needed does not answer.",
}


def openapi_of(operations: Sequence[Operation], *, server: str) -> Spec:
    """Return the OpenAPI 3.1 description of the operations."""
    references, schemas = _schemas(operations)
    paths: Spec = {}
    for operation in operations:
        address = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
        paths.setdefault(address, {})[operation.method.lower()] = _described(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Folkmoot", "version": __version__},
        "servers": [{"url": server}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


Key = tuple[type[BaseModel], JsonSchemaMode]
References = dict[Key, Spec]


def _schemas(operations: Sequence[Operation]) -> tuple[References, Spec]:
    keys: dict[Key, None] = {(Problem, "serialization"): None}
    for operation in operations:
        taken = (
            key for one in (operation.body, operation.query) for key in _key(one, "validation")
        )
        keys.update(dict.fromkeys([*taken, *_key(operation.shows, "serialization")]))
    references, top = models_json_schema(list(keys), ref_template=REFERENCE)
    return {key: references[key] for key in keys}, top["$defs"]


def _key(candidate: Any, mode: JsonSchemaMode) -> list[Key]:
    is_model = isinstance(candidate, type) and issubclass(candidate, BaseModel)
    return [(candidate, mode)] if is_model else []


def _described(operation: Operation, references: References) -> Spec:
    described: Spec = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation, references),
    }
    if operation.access is not None:
        described["description"] = f"Needs the permission `{operation.access.value}`."
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation, references)}
    return described


def _content(operation: Operation, references: References) -> Spec:
    if operation.body is ReceivedFile:
        return {kind: {"schema": {"type": "string"}} for kind in operation.takes}
    return {JSON: {"schema": references[(operation.body, "validation")]}}


def _parameters(operation: Operation) -> list[Spec]:
    parameters: list[Spec] = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(kind)}
        for name, kind in operation.path_parameters.items()
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema(ref_template=REFERENCE)
        inlined = schema.get("$defs", {})
        for name, one in schema["properties"].items():
            required = name in schema.get("required", [])
            shape = {"name": name, "in": "query", "required": required}
            parameters.append({**shape, "schema": _without_null(_inlined(one, inlined))})
    if operation.method == "POST":
        key = {"type": "string", "pattern": KEY_PATTERN}
        parameters.append({"name": KEY_HEADER, "in": "header", "schema": key})
    return parameters


def _inlined(schema: Any, definitions: Spec) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return definitions[schema["$ref"].rsplit("/", 1)[1]]
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def _without_null(schema: Spec) -> Spec:
    # In an address a value is left out; it cannot be null.
    options = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(options) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **options[0]}


def _path_schema(kind: Any) -> Spec:
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    return {"type": "string", "format": "uuid"} if kind is UUID else {"type": "string"}


def _responses(operation: Operation, references: References) -> Spec:
    success: Spec = {"description": operation.summary or "Done."}
    if operation.shows is Download:
        success["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    elif operation.shows is not None:
        shown = references[(operation.shows, "serialization")]  # type: ignore[index]  # Download is handled above
        success["content"] = {JSON: {"schema": shown}}
    refused = {
        str(status): {
            "description": sentence,
            "content": {MEDIA_TYPE: {"schema": references[(Problem, "serialization")]}},
        }
        for status, sentence in REFUSALS.items()
    }
    return {str(operation.status.value): success, **refused}
