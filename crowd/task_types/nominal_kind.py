"""Task types whose answers fall into a few classes, whatever else an answer holds."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from crowd.aggregation import posterior_of
from crowd.task_types.answer_kind import AnswerKind, Opinion, Voice
from crowd.task_types.believing import Support
from folkmoot.kernel.json_values import Json, JsonObject


class NominalKind(AnswerKind):
    """A task type with classes, so that every algorithm of `crowd.aggregation` can be used.

    is_ordinal: whether the classes have an order, from low to high.
    """

    is_nominal: ClassVar[bool] = True
    is_ordinal: ClassVar[bool] = False

    @abstractmethod
    def classes(self, schema: JsonObject) -> tuple[str, ...]:
        """Return the name of each class of answers; a tie goes to the one that comes first."""

    @abstractmethod
    def class_of(self, answer: Json) -> str:
        """Return the class that an allowed answer belongs to."""

    @abstractmethod
    def answer_of(self, class_name: str) -> Json:
        """Return the answer that stands for a class."""

    def leading(self, schema: JsonObject, posterior: Sequence[float]) -> int:
        """Return the number of the likeliest class; a tie goes to the one that comes first."""
        # A tie to nine decimals differs by rounding, not by evidence.
        return max(range(len(posterior)), key=lambda each: (round(posterior[each], 9), -each))

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return the leading class's answer with its posterior probability."""
        posterior = self._posterior(schema, voices)
        leading = self.leading(schema, posterior)
        return Opinion(self.answer_of(self.classes(schema)[leading]), posterior[leading])

    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return 1 for answers of the same class and 0 for others."""
        return float(self.class_of(answer) == self.class_of(other))

    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether both answers are of the same class."""
        return self.class_of(answer) == self.class_of(checked)

    def support_for(self, schema: JsonObject, answer: Json, voices: Sequence[Voice]) -> Support:
        """Return the posterior that other voices give to an answer's class."""
        if not voices:
            return Support(0.0, 0.0)
        posterior = self._posterior(schema, voices)
        share = posterior[self.classes(schema).index(self.class_of(answer))]
        return Support.of(share, max(posterior), n_classes=len(posterior))

    def mark_of(self, answer: Json) -> str:
        """Return the answer's class."""
        return self.class_of(answer)

    def _posterior(self, schema: JsonObject, voices: Sequence[Voice]) -> list[float]:
        classes = self.classes(schema)
        answers = [classes.index(self.class_of(voice.answer)) for voice in voices]
        reliabilities = [voice.reliability for voice in voices]
        return [float(share) for share in posterior_of(answers, reliabilities, len(classes))]
