"""Read a JSON body exactly as the description says: strictly, and what JSON can carry."""

import json
from math import isfinite
from typing import Any

from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from folkmoot.kernel.errors import InvalidInput
from folkmoot.problems import invalid_input, refuse_null_in_json

# Beyond it a float has no neighbour one away, so it says nothing of whole numbers.
_LARGEST_WHOLE_FLOAT = 2**53


def read_json(model: type[BaseModel], content: bytes) -> BaseModel:
    """Return the body as its model, or refuse: BadRequest for no JSON, else InvalidInput."""
    refuse_null_in_json(content)
    plain = _loaded(content)
    try:
        return _validated(model, content)
    except ValidationError as error:
        if not any(_is_whole(one) for one in error.errors()):
            raise _refusal(error) from error
    try:
        return _validated(model, json.dumps(plain).encode())
    except ValidationError as error:
        raise _refusal(error) from error


def _validated(model: type[BaseModel], content: bytes) -> BaseModel:
    # Strictly: a string is no number and `true` is no 1.
    return model.model_validate_json(content, strict=True)


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content, parse_float=_number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.") from error


def _number(text: str) -> int | float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is larger than any number that we can hold")
    is_whole = number.is_integer() and abs(number) < _LARGEST_WHOLE_FLOAT
    return int(number) if is_whole else number


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _is_whole(problem: Any) -> bool:
    # To JSON 17.0 is a whole number, to a strict reader it is not.
    return problem["type"] == "int_type" and isinstance(problem["input"], float)


def _refusal(error: ValidationError) -> BadRequest | InvalidInput:
    for one in error.errors():
        if one["type"] == "json_invalid":
            return BadRequest(f"The body is not JSON: {one['msg']}.")
    return invalid_input(error, where="body")
