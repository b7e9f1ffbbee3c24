"""Groups of cases by what their payload says: a value, or the band that a number falls in."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crowd.models import Project
from crowd.text import PlainText
from folkmoot.kernel.json_values import Json
from governance.payloads import number_in


class GroupField(BaseModel):
    """A payload field by which cases are grouped; `bands` are the edges between ranges."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    field: PlainText = Field(min_length=1, max_length=100)
    bands: tuple[float, ...] = Field(default=(), max_length=20)

    @field_validator("bands")
    @classmethod
    def _rising(cls, bands: tuple[float, ...]) -> tuple[float, ...]:
        if any(low >= high for low, high in pairwise(bands)):
            raise ValueError("Bands must rise, each above the one before.")
        return bands

    def group_of(self, payload: Mapping[str, Json]) -> str | None:
        """Name the group that a case belongs to, or None where the payload does not say."""
        number = number_in(payload, self.field)
        if self.bands:
            return None if number is None else f"{self.field} {band_of(number, self.bands)}"
        if number is not None:
            return f"{self.field} {number:g}"
        value = payload.get(self.field)
        return value if isinstance(value, str) and value else None


def band_of(number: float, bands: Sequence[float]) -> str:
    """Name the range of a number; a range includes its lower end."""
    place = bisect_right(bands, number)
    if place == 0:
        return f"under {bands[0]:g}"
    if place == len(bands):
        return f"{bands[-1]:g} and over"
    return f"{bands[place - 1]:g} to under {bands[place]:g}"


def group_fields_of(project: Project) -> tuple[GroupField, ...]:
    """Return the fields by which a project compares people."""
    return tuple(
        GroupField.model_validate({"field": field, "bands": bands})
        for field, bands in project.group_fields.items()
    )
