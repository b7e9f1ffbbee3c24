"""Read numbers out of a case's payload, alike for rules, models and reports."""

from collections.abc import Mapping
from math import isfinite

from folkmoot.kernel.json_values import Json


def number_in(payload: Mapping[str, Json], field: str) -> float | None:
    """Return a field as a number, also one written as text (as in CSV), or None."""
    value = payload.get(field)
    if not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None
