"""What every task type can say about its answers."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from audit.canonical import digest
from crowd.task_types.believing import Support, belief
from folkmoot.kernel.json_values import Json, JsonObject

_MARK_DIGITS = 16


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


class Example(NamedTuple):
    """A schema, a task's payload and an answer to it: for forms, documents and tests."""

    schema: JsonObject
    payload: JsonObject
    answer: Json


class AnswerKind(ABC):
    """Check schemas and answers of one task type, and say what several answers say together.

    Schemas are given as `check_schema` returned them. Where a voice is asked for, there is at
    least one; the order of voices never matters.

    is_nominal: whether each answer falls into one of a few classes; such a kind is a NominalKind.
    reads_payload: whether which answers are allowed depends on the task's payload.
    is_free_text: whether answers are people's own words, which may speak of anybody.
    """

    is_nominal: ClassVar[bool] = False
    is_free_text: ClassVar[bool] = False
    reads_payload: ClassVar[bool] = False

    @abstractmethod
    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""

    def check_payload(  # noqa: B027 - most task types can ask about any payload
        self, schema: JsonObject, payload: JsonObject
    ) -> None:
        """Raise InvalidInput for a payload about which this question cannot be asked."""

    @abstractmethod
    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput that points at what is wrong, unless the answer is allowed.

        Without the payload (None: there is no such task yet) all is checked that does not
        depend on it.
        """

    @abstractmethod
    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return what the voices say together, an allowed answer."""

    @abstractmethod
    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return how alike two answers are, 0 to 1 (the same); the order does not matter."""

    @abstractmethod
    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether an answer is as good as right, where `checked` is known to be right."""

    @abstractmethod
    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return an answer in words, short enough for a cell of a table."""

    @abstractmethod
    def example(self) -> Example:
        """Return a small schema with a task and an answer."""

    def support_for(self, schema: JsonObject, answer: Json, voices: Sequence[Voice]) -> Support:
        """Return how far other voices support an answer, and how sure they are themselves."""
        if not voices:
            return Support(0.0, 0.0)
        opinion = self.opinion_of(schema, voices)
        likeness = self.likeness(schema, answer, opinion.answer)
        return Support.of(likeness * opinion.confidence, opinion.confidence, n_classes=2)

    def answer_in_cell(self, cell: Json) -> Json:
        """Return the answer that a cell of a table holds; what is no JSON text stays as it is."""
        if not isinstance(cell, str):
            return cell
        try:
            written: Json = json.loads(cell)
        except (ValueError, RecursionError):
            return cell
        return written

    def mark_of(self, answer: Json) -> str:
        """Return a short text that is the same for the same answer."""
        return digest(answer)[:_MARK_DIGITS]

    def _opinion_on(self, schema: JsonObject, answer: Json, voices: Sequence[Voice]) -> Opinion:
        """Return an answer with the confidence that the voices give it, by their likeness."""
        likenesses = [self.likeness(schema, voice.answer, answer) for voice in voices]
        return Opinion(answer, belief(likenesses, [voice.reliability for voice in voices]))
