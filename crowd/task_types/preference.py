"""Which of two is better: `{"first": "reply_a", "second": "reply_b", "allow_tie": true}`.

Both are fields of the payload, and the answer names one of them or a tie: `{"preferred":
"reply_b"}`, with how strongly, as the number of one of the schema's `strengths`, if it has any.
"""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from audit.canonical import digest
from crowd.task_types.answer_kind import Example, Opinion, Voice
from crowd.task_types.answers import ANSWER, object_of, one_of, refuse, whole_number_of
from crowd.task_types.medians import weighted_median
from crowd.task_types.nominal_kind import NominalKind
from crowd.task_types.payloads import FieldName, something_in
from crowd.task_types.schemas import AnswerSchema, SchemaReader, Words
from folkmoot.kernel.json_values import Json, JsonObject

TIE = "tie"
_MARK_DIGITS = 16


class PreferenceSchema(AnswerSchema):
    """The question, and the payload's fields that are compared.

    strengths: words for how strong a preference is, from weak to strong; empty where it is not
    asked. An answer may leave it out.
    """

    first: FieldName = "first"
    second: FieldName = "second"
    allow_tie: bool = False
    strengths: tuple[Words, ...] = Field(default=(), max_length=5)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({self.first, self.second, TIE}) < 3:
            raise ValueError(f"Name two different fields, neither of them “{TIE}”.")
        return self

    @property
    def allowed(self) -> tuple[str, ...]:
        """Return what may be preferred."""
        both = (self.first, self.second)
        return (*both, TIE) if self.allow_tie else both


_SCHEMAS = SchemaReader(PreferenceSchema, "a preference")


class Preference(NominalKind):
    """The task type that asks which of two is better."""

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_payload(self, schema: JsonObject, payload: JsonObject) -> None:
        """Raise InvalidInput where one of the two is missing."""
        known = _SCHEMAS.read(schema)
        something_in(payload, known.first)
        something_in(payload, known.second)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput for what cannot be preferred, or a strength that there is not."""
        known = _SCHEMAS.read(schema)
        given = object_of(answer, ANSWER, names=("preferred",), optional=("strength",))
        preferred = one_of(given["preferred"], known.allowed, f"{ANSWER}/preferred")
        if "strength" not in given:
            return
        pointer = f"{ANSWER}/strength"
        strength = whole_number_of(given["strength"], pointer)
        if preferred == TIE or not known.strengths:
            refuse("No strength is asked for here.", pointer)
        if not 1 <= strength <= len(known.strengths):
            refuse(f"The strength must be 1 to {len(known.strengths)}.", pointer)

    def material_of(self, schema: JsonObject, payload: JsonObject) -> Json:
        """Return what of a task its answers speak of: a short mark of each of the two."""
        known = _SCHEMAS.read(schema)
        return [digest(payload.get(name))[:_MARK_DIGITS] for name in (known.first, known.second)]

    def classes(self, schema: JsonObject) -> tuple[str, ...]:
        """Return the two fields, and the tie where that is allowed."""
        return _SCHEMAS.read(schema).allowed

    def class_of(self, answer: Json) -> str:
        """Return what is preferred."""
        return str(answer["preferred"]) if isinstance(answer, dict) else str(answer)

    def answer_of(self, class_name: str) -> Json:
        """Return the answer that prefers one, saying nothing of how strongly."""
        return {"preferred": class_name}

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return what leads, with the median strength of those who prefer it and gave one."""
        opinion = super().opinion_of(schema, voices)
        preferred = self.class_of(opinion.answer)
        given = [
            (strength, voice.reliability)
            for voice in voices
            if self.class_of(voice.answer) == preferred
            and (strength := _strength_of(voice.answer)) is not None
        ]
        if not given:
            return opinion
        strengths, weights = zip(*given, strict=True)
        median = weighted_median(strengths, weights)
        return Opinion({"preferred": preferred, "strength": median}, opinion.confidence)

    def answer_in_cell(self, cell: Json) -> Json:
        """Return the answer of a cell, which may hold the name of what is preferred alone."""
        written = super().answer_in_cell(cell)
        return self.answer_of(written) if isinstance(written, str) else written

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return what is preferred, and how strongly."""
        strength, known = _strength_of(answer), _SCHEMAS.read(schema)
        if strength is None or not 1 <= strength <= len(known.strengths):
            return self.class_of(answer)
        return f"{self.class_of(answer)} ({known.strengths[strength - 1]})"

    def example(self) -> Example:
        """Return a question about two replies."""
        schema: JsonObject = {
            "question": "Which reply helps more?",
            "first": "reply_a",
            "second": "reply_b",
            "allow_tie": True,
            "strengths": ["a little", "clearly", "by far"],
        }
        payload: JsonObject = {
            "asked": "How do I reset my password?",
            "reply_a": "Use the link under the sign-in form.",
            "reply_b": "I do not know.",
        }
        return Example(schema, payload, {"preferred": "reply_a", "strength": 3})


def _strength_of(answer: Json) -> int | None:
    strength = answer.get("strength") if isinstance(answer, dict) else None
    return strength if isinstance(strength, int) else None
