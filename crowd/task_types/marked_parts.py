"""What spans in a text and boxes in a picture have in common: answers that mark parts."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence

from pydantic import Field, field_validator

from crowd.task_types.answer_kind import AnswerKind
from crowd.task_types.choices import Choice, all_different
from crowd.task_types.regions import SAME_PART, Region, f1_of
from crowd.task_types.schemas import AnswerSchema
from folkmoot.kernel.json_values import Json, JsonObject

MOST_CLASSES = 50
MOST_PARTS = 200


class PartsSchema(AnswerSchema):
    """What can be marked, how much of it, and when an answer to gold is right."""

    classes: tuple[Choice, ...] = Field(min_length=1, max_length=MOST_CLASSES)
    most: int = Field(default=50, ge=1, le=MOST_PARTS)
    gold_overlap: float = Field(default=0.5, gt=0, le=1)
    gold_f1: float = Field(default=0.8, gt=0, le=1)

    _all_different = field_validator("classes")(all_different)


class MarkedParts(AnswerKind):
    """A task type whose answers are compared by the parts that they have in common."""

    @abstractmethod
    def parts_of(self, answer: Json) -> tuple[Region, ...]:
        """Return the parts of an answer in the order given, or raise InvalidInput."""

    @abstractmethod
    def written(self, parts: Sequence[Region]) -> list[Json]:
        """Return the answer that marks these parts, sorted."""

    @abstractmethod
    def known_schema(self, schema: JsonObject) -> PartsSchema:
        """Return a schema in its full form as its model."""

    @abstractmethod
    def place_of(self, schema: JsonObject, part: Region) -> str:
        """Return what a part is and where, in words that tell it from others."""

    def may_join(
        self,
        schema: JsonObject,
        part: Region,
        others: Iterable[Region],
    ) -> bool:
        """Say whether an answer of these parts may have one more."""
        return True

    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return the F1 score of two answers, parts that overlap by half being the same."""
        return f1_of(self.parts_of(answer), self.parts_of(other), least_overlap=SAME_PART)

    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether the F1 score is what the schema asks of an answer to gold."""
        known = self.known_schema(schema)
        score = f1_of(
            self.parts_of(answer), self.parts_of(checked), least_overlap=known.gold_overlap
        )
        return score >= known.gold_f1

    def mark_of(self, answer: Json) -> str:
        """Return a short text that is the same for the same parts, in any order."""
        return super().mark_of(self.written(self.parts_of(answer)))
