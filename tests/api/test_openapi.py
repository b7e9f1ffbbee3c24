"""The description of the API: valid OpenAPI 3.1, made from the very models that check the input."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from folkmoot.api import OPERATIONS

from .story import made


@pytest.fixture
def description(app: Flask) -> dict[str, Any]:
    return made(app.test_client().get("/api/v1/openapi.json"), 200)


def described_operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_the_description_is_valid_openapi_3_1(description: dict[str, Any]) -> None:
    problems = [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(description)]
    assert not problems
    for name, schema in description["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert name == "JsonValue" or schema.get("description"), f"{name} says not what it is"


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(description)))
    assert named
    assert named <= set(description["components"]["schemas"])


def test_every_operation_is_described_once_with_its_permission(
    description: dict[str, Any],
) -> None:
    found = described_operations(description)
    assert len(found) == len(OPERATIONS)
    assert len({one["operationId"] for one in found.values()}) == len(OPERATIONS)
    for operation in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
        described = found[f"{operation.method} {path}"]
        assert described["summary"]
        if operation.access is not None:
            assert operation.access.value in described["description"]


def test_every_part_of_a_path_is_described(description: dict[str, Any]) -> None:
    for name, operation in described_operations(description).items():
        parts = set(re.findall(r"{(\w+)}", name))
        assert parts == {one["name"] for one in operation["parameters"] if one["in"] == "path"}


def test_every_post_takes_an_idempotency_key_and_every_list_its_bounds(
    description: dict[str, Any],
) -> None:
    for name, operation in described_operations(description).items():
        by_name = {one["name"]: one["schema"] for one in operation["parameters"]}
        assert ("Idempotency-Key" in by_name) == name.startswith("POST ")
        if "cursor" in by_name:
            limit = by_name["limit"]
            assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 50)
            assert by_name["cursor"]["pattern"]


def test_a_parameter_of_an_address_is_never_null(description: dict[str, Any]) -> None:
    for operation in described_operations(description).values():
        for parameter in operation["parameters"]:
            assert "null" not in json.dumps(parameter["schema"])
