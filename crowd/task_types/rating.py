"""A point on an ordered scale: `{"points": [{"value": 1, "label": "not at all"}, ...]}`.

The points may be written as words alone, which numbers them from 1. The answer is the value of a
point, or `"cannot_tell"` where the schema has words for it.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crowd.task_types.answer_kind import Example
from crowd.task_types.answers import refuse
from crowd.task_types.nominal_kind import NominalKind
from crowd.task_types.schemas import AnswerSchema, SchemaReader, Words
from folkmoot.kernel.json_values import Json, JsonObject

CANNOT_TELL = "cannot_tell"
MOST_POINTS = 11


class Point(BaseModel):
    """One point of the scale, and the words for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: int = Field(strict=True, ge=-1000, le=1000)
    label: Words = ""


class RatingSchema(AnswerSchema):
    """The question and the scale, from low to high.

    cannot_tell: words for not being able to say; empty where that is no answer.
    tolerance: how many points an answer to gold may be off.
    """

    points: tuple[Point, ...] = Field(min_length=2, max_length=MOST_POINTS)
    cannot_tell: Words = ""
    tolerance: int = Field(default=0, ge=0, le=MOST_POINTS)

    @field_validator("points", mode="before")
    @classmethod
    def _from_words_alone(cls, written: Json) -> Json:
        if isinstance(written, list | tuple) and all(isinstance(each, str) for each in written):
            return [{"value": place, "label": word} for place, word in enumerate(written, 1)]
        return written

    @field_validator("points")
    @classmethod
    def _rising(cls, points: tuple[Point, ...]) -> tuple[Point, ...]:
        values = [point.value for point in points]
        if sorted(set(values)) != values:
            raise ValueError("The points must rise from low to high.")
        return points

    @cached_property
    def words(self) -> dict[str, str]:
        """Return the words of each class: the points, then being unable to tell."""
        words = {str(point.value): point.label or str(point.value) for point in self.points}
        return words | ({CANNOT_TELL: self.cannot_tell} if self.cannot_tell else {})

    @cached_property
    def places(self) -> dict[int, int]:
        """Return the place of each value in the scale, from 0."""
        return {point.value: place for place, point in enumerate(self.points)}


_SCHEMAS = SchemaReader(RatingSchema, "a rating")


class Rating(NominalKind):
    """The task type that asks for a point on a scale with an order."""

    is_ordinal: ClassVar[bool] = True

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput naming the allowed answers, unless the schema allows this one."""
        known = _SCHEMAS.read(schema)
        if answer == CANNOT_TELL and known.cannot_tell:
            return
        if isinstance(answer, bool) or not isinstance(answer, int) or answer not in known.places:
            refuse(f"The answer must be one of: {', '.join(known.words)}.")

    def classes(self, schema: JsonObject) -> tuple[str, ...]:
        """Return the points from low to high, and being unable to tell where that is allowed."""
        return tuple(_SCHEMAS.read(schema).words)

    def class_of(self, answer: Json) -> str:
        """Return the class that an allowed answer belongs to: its value as text."""
        return str(answer)

    def answer_of(self, class_name: str) -> Json:
        """Return the answer that stands for a class."""
        return class_name if class_name == CANNOT_TELL else int(class_name)

    def leading(self, schema: JsonObject, posterior: Sequence[float]) -> int:
        """Return the median point of a posterior, the lower one where two share the middle.

        Being unable to tell has no place in the order; it leads where it is likelier than any
        point.
        """
        points = posterior[: len(_SCHEMAS.read(schema).points)]
        likeliest = super().leading(schema, posterior)
        if likeliest >= len(points):
            return likeliest
        half = round(sum(points) / 2, 9)
        return next(
            place for place, upto in enumerate(accumulate(points)) if round(upto, 9) >= half
        )

    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return 1 for the same point, falling to 0 at the scale's other end."""
        known = _SCHEMAS.read(schema)
        if not (isinstance(answer, int) and isinstance(other, int)):
            return float(answer == other)
        apart = abs(known.places[answer] - known.places[other])
        return 1 - apart / (len(known.points) - 1)

    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether an answer is no more points off than the schema tolerates."""
        known = _SCHEMAS.read(schema)
        if not (isinstance(answer, int) and isinstance(checked, int)):
            return answer == checked
        return abs(known.places[answer] - known.places[checked]) <= known.tolerance

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return the words of the point."""
        return _SCHEMAS.read(schema).words.get(str(answer), str(answer))

    def example(self) -> Example:
        """Return a question about politeness."""
        schema: JsonObject = {
            "question": "How polite is this reply?",
            "points": ["rude", "curt", "neutral", "friendly", "very friendly"],
            "cannot_tell": "I cannot tell",
            "tolerance": 1,
        }
        return Example(schema, {"reply": "Thanks, we will look into it today."}, 4)
