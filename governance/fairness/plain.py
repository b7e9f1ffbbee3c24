"""Turn any result into plain JSON data that can be stored and digested."""

from dataclasses import fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING

from folkmoot.kernel.json_values import Json, JsonObject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DECIMALS = 12


def to_json(result: "DataclassInstance") -> JsonObject:
    """Return the result as JSON data: the same result always gives the same data.

    Numbers are rounded to 12 decimals, so that machines whose last bits differ agree; a number
    that JSON cannot hold becomes null.
    """
    return {field.name: _plain(getattr(result, field.name)) for field in fields(result)}


def _plain(value: object) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return to_json(value)
    if isinstance(value, float):
        return _rounded(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        # A member of a StrEnum is stored as the text that it is.
        return str(value)
    raise TypeError(f"A result cannot hold {type(value).__name__}.")


def _rounded(value: float) -> float | None:
    # Adding zero turns -0.0 into 0.0, which equals it but is written otherwise.
    return round(value, DECIMALS) + 0.0 if isfinite(value) else None
