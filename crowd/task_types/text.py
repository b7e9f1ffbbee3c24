"""Text in the annotator's own words: `{"min_length": 1, "max_length": 1000, "multiline": true}`.

Lengths are in characters (Unicode code points). There is no pattern to match: a pattern from
outside can be made to run for ever.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from crowd.task_types.answer_kind import AnswerKind, Example, Opinion, Voice
from crowd.task_types.answers import ANSWER, plain_text_of, refuse
from crowd.task_types.schemas import AnswerSchema, SchemaReader
from folkmoot.kernel.json_values import Json, JsonObject

LONGEST_TEXT = 10_000
_SHOWN = 200
_LINE_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


class TextSchema(AnswerSchema):
    """The question, and how long the answer may be.

    gold_likeness: how alike an answer to gold must be to the known one; 1 is the same words.
    """

    min_length: int = Field(default=1, ge=1, le=LONGEST_TEXT)
    max_length: int = Field(default=1000, ge=1, le=LONGEST_TEXT)
    multiline: bool = False
    gold_likeness: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _min_below_max(self) -> Self:
        if self.min_length > self.max_length:
            raise ValueError("The shortest text must not be longer than the longest.")
        return self


_SCHEMAS = SchemaReader(TextSchema, "a text")


class Text(AnswerKind):
    """The task type that asks for words of the annotator's own."""

    is_free_text: ClassVar[bool] = True

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput for what is no text, too short, too long, or of too many lines."""
        known = _SCHEMAS.read(schema)
        text = plain_text_of(answer, ANSWER)
        if len(text) > known.max_length:
            refuse(f"The text must have at most {known.max_length:,} characters.")
        if len(text.strip()) < known.min_length:
            refuse(f"The text must have at least {known.min_length:,} characters.")
        if not known.multiline and _LINE_BREAK.search(text):
            refuse("The text must be one line.")

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return what most voices wrote alike, else the text that is most like the others.

        Texts are alike if only case, spaces and ways to write a letter differ; of those, the one
        written most often stands for all. Voices weigh their reliability. Ties go to the text that
        is most like the others, then to the one that comes first in the order of code points.
        """
        written: dict[str, list[Voice]] = {}
        for voice in voices:
            written.setdefault(_plain(voice.answer), []).append(voice)
        leading = _leading(written)
        forms = Counter(str(voice.answer) for voice in written[leading])
        chosen = min(forms, key=lambda form: (-forms[form], form))
        return self._opinion_on(schema, chosen, voices)

    def likeness(self, schema: JsonObject, answer: Json, other: Json) -> float:
        """Return how many runs of three characters two texts share, 0 to 1."""
        return _shared(_runs(_plain(answer)), _runs(_plain(other)))

    def agrees(self, schema: JsonObject, answer: Json, checked: Json) -> bool:
        """Say whether a text is as alike to the known one as the schema asks."""
        least = _SCHEMAS.read(schema).gold_likeness
        return _plain(answer) == _plain(checked) or self.likeness(schema, answer, checked) >= least

    def mark_of(self, answer: Json) -> str:
        """Return a short text that is the same for texts that are alike."""
        return super().mark_of(_plain(answer))

    def answer_in_cell(self, cell: Json) -> Json:
        """Return a cell as text: a table may take a column of digits for numbers."""
        return str(cell) if isinstance(cell, int | float) else cell

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return the beginning of the text."""
        text = str(answer)
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

    def example(self) -> Example:
        """Return a question for a short summary."""
        schema: JsonObject = {
            "question": "Say in one sentence what the letter asks for.",
            "min_length": 10,
            "max_length": 300,
            "multiline": False,
            "gold_likeness": 0.6,
        }
        payload: JsonObject = {"letter": "Please send me the invoice for March once more."}
        return Example(schema, payload, "The invoice for March, once more.")


def _leading(written: Mapping[str, Sequence[Voice]]) -> str:
    """Return the text of the heaviest group of two voices or more, else the one most alike."""
    runs = {plain: _runs(plain) for plain in written}
    weights = {
        plain: fsum(voice.reliability for voice in alike) for plain, alike in written.items()
    }

    def rank(plain: str) -> tuple[float, float, str]:
        in_common = weights[plain] if len(written[plain]) > 1 else 0.0
        to_all = fsum(
            weight * _shared(runs[plain], runs[other]) for other, weight in weights.items()
        )
        return -round(in_common, 9), -round(to_all, 9), plain

    return min(written, key=rank)


def _plain(answer: Json) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(answer)).casefold().split())


def _shared(runs: Counter[str], others: Counter[str]) -> float:
    """Return the Dice coefficient of two texts over their runs of three characters.

    Dice, Measures of the Amount of Ecologic Association Between Species, Ecology 26, 1945. It
    takes time in proportion to the length, where an edit distance takes its square.
    """
    return 2 * (runs & others).total() / (runs.total() + others.total())


def _runs(text: str) -> Counter[str]:
    # Two marks at each end: a text of one letter has runs as well, and ends count as such.
    marked = f"\x02\x02{text}\x03\x03"
    return Counter(marked[start : start + 3] for start in range(len(marked) - 2))
