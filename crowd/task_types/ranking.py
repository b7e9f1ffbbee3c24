"""A few things in order, the best first: `["b", "a", "c"]`, all of them and no ties.

The things are the schema's `items`, or those of a task: a list in the payload's `field`, of texts
or of `{"value": "a", "label": "what the annotator reads"}`.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from crowd.task_types.answer_kind import AnswerKind, Example, Opinion, Voice
from crowd.task_types.answers import ANSWER, list_of, one_of, plain_text_of, refuse
from crowd.task_types.choices import Choice, Value, all_different, words_of
from crowd.task_types.payloads import FieldName
from crowd.task_types.schemas import AnswerSchema, SchemaReader
from folkmoot.kernel.json_values import Json, JsonObject

MOST_ITEMS = 20
_SHOWN = 5


class RankedItem(BaseModel):
    """One thing of a task to put in order; its label may be a whole text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Value
    label: Annotated[str, StringConstraints(max_length=20_000)] = ""


_ITEMS = TypeAdapter(tuple[RankedItem | Value, ...])


class RankingSchema(AnswerSchema):
    """The question, and what is put in order: `items`, or what a field of the payload lists.

    gold_pairs: the share of pairs that an answer to gold must have in the same order.
    gold_top: how many things at the top must be the same, in their order.
    """

    field: FieldName | None = None
    items: tuple[Choice, ...] = Field(default=(), max_length=MOST_ITEMS)
    gold_pairs: float = Field(default=0.8, ge=0, le=1)
    gold_top: int = Field(default=0, ge=0, le=MOST_ITEMS)

    _all_different = field_validator("items")(all_different)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.field is None) == (not self.items) or len(self.items) == 1:
            raise ValueError("Give either two items or more, or the payload's field of items.")
        return self


_SCHEMAS = SchemaReader(RankingSchema, "a ranking")


class Ranking(AnswerKind):
    """The task type that asks for an order of a few things."""

    reads_payload = True

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_payload(self, schema: JsonObject, payload: JsonObject) -> None:
        """Raise InvalidInput where the task does not list what to put in order."""
        items_of(schema, payload)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput for what is no item, there twice, or missing."""
        allowed = _allowed(schema, payload)
        seen: set[str] = set()
        for number, each in enumerate(list_of(answer, ANSWER, at_most=MOST_ITEMS)):
            pointer = f"{ANSWER}/{number}"
            value = plain_text_of(each, pointer)
            if allowed is not None:
                one_of(value, allowed, pointer)
            if value in seen:
                refuse("This is there twice.", pointer)
            seen.add(value)
        if len(seen) < (2 if allowed is None else len(allowed)):
            refuse("Put all of them in order; some are missing.")

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return the order by the points that voices give: one for each item below (Borda).

        Points weigh the voice's reliability. A tie goes to what wins more of its comparisons by
        weight (Copeland), then to what comes first in the order of code points. The confidence
        counts the share of pairs that a voice has in the same order.
        """
        orders = [(_order(voice.answer), Fraction(voice.reliability)) for voice in voices]
        points: defaultdict[str, Fraction] = defaultdict(Fraction)
        margins: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for order, weight in orders:
            for better, worse in combinations(order, 2):
                points[better] += weight
                margins[better, worse] += weight
                margins[worse, better] -= weight
        items = orders[0][0]
        wins = {item: sum(margins[item, other] > 0 for other in items) for item in items}
        order = sorted(wins, key=lambda item: (-points[item], -wins[item], item))
        return self._opinion_on(schema, [*order], voices)

    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return the share of pairs that are in the same order: (tau + 1) / 2.

        Kendall, A New Measure of Rank Correlation, Biometrika 30, 1938.
        """
        places = {item: place for place, item in enumerate(_order(other))}
        pairs = [
            (places[better], places[worse])
            for better, worse in combinations(_order(answer), 2)
            if better in places and worse in places
        ]
        return sum(better < worse for better, worse in pairs) / len(pairs) if pairs else 0.0

    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether enough pairs, and as much of the top as is asked, are in the same order."""
        known = _SCHEMAS.read(schema)
        same_top = _order(answer)[: known.gold_top] == _order(checked)[: known.gold_top]
        return same_top and self.likeness(schema, answer, checked) >= known.gold_pairs

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return the first items in their order."""
        words = words_of(_SCHEMAS.read(schema).items)
        order = [words.get(item, item) for item in _order(answer)]
        return " > ".join(order[:_SHOWN]) + (" > …" if len(order) > _SHOWN else "")

    def example(self) -> Example:
        """Return a question about headlines."""
        schema: JsonObject = {
            "question": "Put the headlines in order, the clearest first.",
            "field": "headlines",
            "items": [],
            "gold_pairs": 0.8,
            "gold_top": 1,
        }
        headlines: list[Json] = [
            {"value": "a", "label": "Bridge closed until May"},
            {"value": "b", "label": "Closed: what you must know about the bridge"},
            {"value": "c", "label": "A bridge, and why it matters"},
        ]
        return Example(schema, {"headlines": headlines}, ["a", "b", "c"])


def items_of(schema: JsonObject, payload: JsonObject) -> tuple[RankedItem, ...]:
    """Return what a task asks to put in order, with the words to show, or raise InvalidInput."""
    known = _SCHEMAS.read(schema)
    if known.field is None:
        return tuple(RankedItem(value=each.value, label=each.label) for each in known.items)
    pointer = f"/payload/{known.field}"
    try:
        written = _ITEMS.validate_python(payload.get(known.field))
    except ValidationError:
        refuse(f"The task lists no items to put in order in its field “{known.field}”.", pointer)
    items = tuple(
        RankedItem(value=each, label=each) if isinstance(each, str) else each for each in written
    )
    if not 2 <= len({item.value for item in items}) == len(items) <= MOST_ITEMS:
        sentence = f"The field “{known.field}” must list 2 to {MOST_ITEMS} different items."
        refuse(sentence, pointer)
    return items


def _allowed(schema: JsonObject, payload: JsonObject | None) -> Collection[str] | None:
    """Return the values that must be put in order, or None where only the task would say it."""
    if payload is None and _SCHEMAS.read(schema).field is not None:
        return None
    return tuple(item.value for item in items_of(schema, payload or {}))


def _order(answer: Json) -> list[str]:
    return [str(each) for each in answer] if isinstance(answer, list) else []
