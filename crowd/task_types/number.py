"""A number: `{"min": 0, "max": 120, "step": 1, "unit": "years", "tolerance": 2}`."""

from collections.abc import Sequence
from decimal import Decimal
from math import floor, inf, isclose, log10
from typing import Annotated, Self

from pydantic import Field, StrictFloat, StrictInt, StringConstraints, model_validator

from crowd.task_types.answer_kind import AnswerKind, Example, Opinion, Voice
from crowd.task_types.answers import ANSWER, LARGEST_NUMBER, number_of, refuse
from crowd.task_types.medians import weighted_median
from crowd.task_types.schemas import AnswerSchema, SchemaReader
from folkmoot.kernel.json_values import Json, JsonObject

Unit = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Limit = Annotated[StrictInt | StrictFloat, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
_MOST_DIGITS = 10


class NumberSchema(AnswerSchema):
    """The question, and which numbers answer it.

    step: answers are whole steps away from `min`, or from 0; None where any number is allowed.
    tolerance: how far two answers may be apart and still count as the same.
    """

    min: Limit | None = None
    max: Limit | None = None
    step: Annotated[Limit, Field(ge=1e-6)] | None = None
    unit: Unit = ""
    tolerance: Annotated[Limit, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _min_below_max(self) -> Self:
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("The smallest number must lie below the largest.")
        return self


_SCHEMAS = SchemaReader(NumberSchema, "a number")


class Number(AnswerKind):
    """The task type that asks for a number."""

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput for what is no number, out of range, or between two steps."""
        known = _SCHEMAS.read(schema)
        number = number_of(answer, ANSWER)
        if known.min is not None and number < known.min:
            refuse(f"The number must be at least {known.min}.")
        if known.max is not None and number > known.max:
            refuse(f"The number must be at most {known.max}.")
        if known.step is not None and not _is_on_step(number, known.min or 0, known.step):
            refuse(f"The number must be in steps of {known.step} from {known.min or 0}.")

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return the median, each voice weighing its reliability, the lower one of two.

        The confidence counts the voices within the tolerance of it as agreeing.
        """
        numbers = [number_of(voice.answer, ANSWER) for voice in voices]
        median = weighted_median(numbers, [voice.reliability for voice in voices])
        return self._opinion_on(schema, median, voices)

    def near_enough(self, schema: JsonObject) -> float:
        """Return how far off a number may be and be as good as right; 0 where nothing says it."""
        known = _SCHEMAS.read(schema)
        return max(float(known.tolerance), float(known.step or 0) / 2)

    def nearest(self, schema: JsonObject, value: float, error: float) -> Json:
        """Return the allowed number nearest to a value, with no more digits than its error allows.

        error: standard error of the value.
        """
        known = _SCHEMAS.read(schema)
        lowest = -LARGEST_NUMBER if known.min is None else known.min
        inside = max(lowest, min(value, LARGEST_NUMBER if known.max is None else known.max))
        if known.step is None:
            digits = _MOST_DIGITS if not 0 < error < inf else 2 - floor(log10(error))
            return float(round(inside, min(max(digits, 0), _MOST_DIGITS)))
        start, step = Decimal(repr(known.min or 0)), Decimal(repr(known.step))
        steps = round((Decimal(repr(inside)) - start) / step)
        if known.max is not None and start + steps * step > Decimal(repr(known.max)):
            steps -= 1
        stepped = start + steps * step
        return int(stepped) if stepped == stepped.to_integral_value() else float(stepped)

    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return 1 for numbers within the tolerance of each other, else 0."""
        apart = abs(number_of(answer, ANSWER) - number_of(other, ANSWER))
        tolerance = _SCHEMAS.read(schema).tolerance
        return float(apart <= tolerance or isclose(apart, tolerance, rel_tol=1e-9))

    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether the number is within the tolerance."""
        return self.likeness(schema, answer, checked) == 1

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return the number with its unit."""
        return f"{answer} {_SCHEMAS.read(schema).unit}".strip()

    def example(self) -> Example:
        """Return a question about an age."""
        schema: JsonObject = {
            "question": "How old is the person in the picture?",
            "min": 0,
            "max": 120,
            "step": 1,
            "unit": "years",
            "tolerance": 3,
        }
        return Example(schema, {"image": "portrait-17.jpg"}, 34)


def _is_on_step(number: float, start: float, step: float) -> bool:
    # As people write them: in binary, 0.3 is not three steps of 0.1.
    return (Decimal(repr(number)) - Decimal(repr(start))) % Decimal(repr(step)) == 0
