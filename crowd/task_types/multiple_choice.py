"""Any number of a few choices: `{"choices": [...], "min_picks": 0, "max_picks": 3}`.

The answer is the list of the values picked, in any order: `["fever", "cough"]`.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Self

from pydantic import Field, model_validator

from crowd.task_types.answer_kind import AnswerKind, Example, Opinion, Voice
from crowd.task_types.answers import ANSWER, list_of, one_of, refuse
from crowd.task_types.believing import belief
from crowd.task_types.choices import MOST_CHOICES, ChoiceSchema
from crowd.task_types.schemas import SchemaReader
from folkmoot.kernel.json_values import Json, JsonObject


class MultipleChoiceSchema(ChoiceSchema):
    """The question, its choices, and how many of them may be picked; no `max_picks`: all."""

    min_picks: int = Field(default=0, ge=0, le=MOST_CHOICES)
    max_picks: int | None = Field(default=None, ge=1, le=MOST_CHOICES)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.min_picks > len(self.choices) or self.min_picks > self.most:
            raise ValueError("So many cannot be picked.")
        return self

    @property
    def most(self) -> int:
        """Return how many may be picked at most."""
        return min(self.max_picks or MOST_CHOICES, len(self.choices))


_SCHEMAS = SchemaReader(MultipleChoiceSchema, "a multiple choice")


class MultipleChoice(AnswerKind):
    """The task type that asks for those of a project's choices that apply."""

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput for what is no choice, picked twice, or too few or too many."""
        known = _SCHEMAS.read(schema)
        picks = list_of(answer, ANSWER, at_most=known.most)
        seen: set[str] = set()
        for number, pick in enumerate(picks):
            pointer = f"{ANSWER}/{number}"
            value = one_of(pick, known.words, pointer)
            if value in seen:
                refuse("This is picked twice.", pointer)
            seen.add(value)
        if len(picks) < known.min_picks:
            refuse(f"Pick at least {known.min_picks}.")

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return the choices that are more likely picked than not, each judged by itself.

        A voice is right in all choices together as often as it is reliable, so in one of n choices
        with the n-th root of that. The confidence is the product over the choices: the chance that
        the whole answer is right. A choice at one half is not picked; where the schema asks for
        more or allows fewer, the likeliest are picked, and of equals the one that comes first.
        """
        return self.opinion_from(schema, _shares(self.choices(schema), voices))

    def opinion_from(self, schema: JsonObject, shares: Mapping[str, float]) -> Opinion:
        """Return the picks that the chance of each choice makes, and the chance of all of them."""
        known = _SCHEMAS.read(schema)
        by_share = sorted(known.words, key=lambda value: -round(shares[value], 9))
        wanted = sum(round(share, 9) > 0.5 for share in shares.values())
        picked = set(by_share[: min(max(wanted, known.min_picks), known.most)])
        return Opinion(
            [value for value in known.words if value in picked],
            prod(share if value in picked else 1 - share for value, share in shares.items()),
        )

    def choices(self, schema: JsonObject) -> tuple[str, ...]:
        """Return the values that may be picked, in the order that the project gave them."""
        return tuple(_SCHEMAS.read(schema).words)

    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return the share of choices in which the answers do not differ."""
        return 1 - len(picks_of(answer) ^ picks_of(other)) / len(_SCHEMAS.read(schema).choices)

    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether the same choices are picked."""
        return picks_of(answer) == picks_of(checked)

    def mark_of(self, answer: Json) -> str:
        """Return a short text that is the same for the same picks, in any order."""
        return super().mark_of([*sorted(picks_of(answer))])

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return the words of the choices picked."""
        picks = picks_of(answer)
        words = _SCHEMAS.read(schema).words
        return ", ".join(words[value] for value in words if value in picks) or "none of them"

    def example(self) -> Example:
        """Return a question about symptoms."""
        schema: JsonObject = {
            "question": "Which symptoms does the letter mention?",
            "choices": ["fever", "cough", {"value": "pain", "label": "pain of any kind"}],
            "min_picks": 0,
            "max_picks": 3,
        }
        return Example(schema, {"letter": "Coughing for a week, no fever."}, ["cough"])


def picks_of(answer: Json) -> frozenset[str]:
    """Return the values that an answer picks."""
    picks = answer if isinstance(answer, list) else []
    return frozenset(str(pick) for pick in picks)


def _shares(values: Sequence[str], voices: Sequence[Voice]) -> dict[str, float]:
    """Return the chance that each choice belongs to the right answer."""
    picks = [picks_of(voice.answer) for voice in voices]
    in_one = [voice.reliability ** (1 / len(values)) for voice in voices]
    return {value: belief([float(value in each) for each in picks], in_one) for value in values}
