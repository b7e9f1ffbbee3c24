"""What every task type can say about its answers."""

from dataclasses import dataclass
from typing import Protocol

from folkmoot.kernel.json_values import Json, JsonObject


@dataclass(frozen=True)
class Voice:
    """One annotator's answer, and the chance (0 to 1) that an answer of theirs is right."""

    answer: Json
    reliability: float


@dataclass(frozen=True)
class Opinion:
    """What several voices say together: an answer, and the chance (0 to 1) that it is right."""

    answer: Json
    confidence: float


class AnswerKind(Protocol):
    """Check schemas and answers of one task type, and number answers for the aggregation."""

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""

    def check_answer(self, schema: JsonObject, answer: Json) -> None:
        """Raise InvalidInput naming the allowed answers, unless the schema allows this one."""

    def classes(self, schema: JsonObject) -> tuple[str, ...]:
        """Return the name of each class of answers; a tie goes to the one that comes first."""

    def class_of(self, answer: Json) -> str:
        """Return the class that an allowed answer belongs to."""

    def answer_of(self, class_name: str) -> Json:
        """Return the answer that stands for a class."""
