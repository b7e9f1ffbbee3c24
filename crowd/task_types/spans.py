"""Spans in a text of the task: `[{"start": 0, "end": 5, "label": "person"}, ...]`.

Places count characters (Unicode code points) of the payload's text: from `start` up to, but not
with, `end`. JavaScript counts otherwise, in halves of rare characters.
"""

from collections.abc import Iterable, Sequence

from crowd.task_types.answer_kind import Example, Opinion, Voice
from crowd.task_types.answers import ANSWER, list_of, object_of, one_of, refuse, whole_number_of
from crowd.task_types.choices import words_of
from crowd.task_types.marked_parts import MOST_PARTS, MarkedParts, PartsSchema
from crowd.task_types.medians import weighted_median
from crowd.task_types.payloads import FieldName, text_in
from crowd.task_types.regions import Cluster, Marking, Region, majority_of
from crowd.task_types.schemas import SchemaReader
from folkmoot.kernel.json_values import Json, JsonObject


class SpansSchema(PartsSchema):
    """The question, which text is marked, and what can be marked in it.

    most: how many spans an answer may have.
    gold_overlap, gold_f1: from which overlap (intersection over union) on two spans are the same,
    and from which F1 score on an answer to gold is right.
    """

    field: FieldName = "text"
    allow_overlap: bool = False


_SCHEMAS = SchemaReader(SpansSchema, "spans in a text")


class Spans(MarkedParts):
    """The task type that asks to mark parts of a text."""

    reads_payload = True

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_payload(self, schema: JsonObject, payload: JsonObject) -> None:
        """Raise InvalidInput where the task has no text to mark."""
        text_in(payload, _SCHEMAS.read(schema).field)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput for a span that is outside the text, of no class, or twice there."""
        known = _SCHEMAS.read(schema)
        spans = _read(answer)
        if len(spans) > known.most:
            refuse(f"At most {known.most:,} spans are allowed here.")
        length = None if payload is None else len(text_in(payload, known.field))
        words = words_of(known.classes)
        for number, span in enumerate(spans):
            one_of(span.label, words, f"{ANSWER}/{number}/label")
            if length is not None and span.extent[0][1] > length:
                sentence = f"The text ends at {length:,}."
                refuse(sentence, f"{ANSWER}/{number}/end")
        _refuse_meeting(spans, allow_overlap=known.allow_overlap)

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return the spans that voices of more than half of the weight marked.

        Voices weigh their reliability; spans of one class that overlap by half are the same, from
        the median of their starts to that of their ends. Where spans may not overlap, the heavier
        one stays.
        """
        known = _SCHEMAS.read(schema)
        markings = [Marking(_read(voice.answer), voice.reliability) for voice in voices]
        kept: list[Region] = []
        for span in map(_middle, majority_of(markings)):
            if span not in kept and self.may_join(schema, span, kept):
                kept.append(span)
        return self._opinion_on(schema, _written(kept[: known.most]), voices)

    def may_join(self, schema: JsonObject, part: Region, others: Iterable[Region]) -> bool:
        """Say whether a span may stand beside others: overlapping only where that is allowed."""
        allow_overlap = _SCHEMAS.read(schema).allow_overlap
        return allow_overlap or not any(_meet(part, other) for other in others)

    def material_of(self, schema: JsonObject, payload: JsonObject) -> Json:
        """Return what of a task its answers speak of: the text that is marked."""
        return text_in(payload, _SCHEMAS.read(schema).field)

    def parts_of(self, answer: Json) -> tuple[Region, ...]:
        """Return the spans of an answer in the order given, or refuse what is none."""
        return _read(answer)

    def written(self, parts: Sequence[Region]) -> list[Json]:
        """Return the answer that marks these spans, sorted."""
        return _written(parts)

    def known_schema(self, schema: JsonObject) -> SpansSchema:
        """Return a schema in its full form as its model."""
        return _SCHEMAS.read(schema)

    def place_of(self, schema: JsonObject, part: Region) -> str:
        """Return a span's class, and where it starts and ends."""
        return self.text_of(schema, self.written([part]))

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return the spans by their places."""
        words = words_of(_SCHEMAS.read(schema).classes)
        spans = (
            f"{words.get(span.label, span.label)} {span.extent[0][0]}–{span.extent[0][1]}"
            for span in sorted(_read(answer))
        )
        return ", ".join(spans) or "nothing marked"

    def example(self) -> Example:
        """Return a question about names."""
        schema: JsonObject = {
            "question": "Mark every person and every place.",
            "field": "text",
            "classes": ["person", "place"],
            "allow_overlap": False,
            "most": 20,
            "gold_overlap": 0.5,
            "gold_f1": 0.8,
        }
        answer: Json = [
            {"start": 0, "end": 12, "label": "person"},
            {"start": 25, "end": 31, "label": "place"},
        ]
        return Example(schema, {"text": "Ada Lovelace was born in London."}, answer)


def _read(answer: Json) -> tuple[Region, ...]:
    """Return the spans of an answer in the order given, or refuse what is none."""
    spans = []
    for number, each in enumerate(list_of(answer, ANSWER, at_most=MOST_PARTS)):
        pointer = f"{ANSWER}/{number}"
        written = object_of(each, pointer, names=("start", "end", "label"))
        start = whole_number_of(written["start"], f"{pointer}/start")
        end = whole_number_of(written["end"], f"{pointer}/end")
        if start < 0:
            refuse("A span starts at 0 or later.", f"{pointer}/start")
        if end <= start:
            refuse("A span ends after its start.", f"{pointer}/end")
        label = written["label"]
        if not isinstance(label, str):
            refuse("This must be text.", f"{pointer}/label")
        spans.append(Region(((start, end),), label))
    return tuple(spans)


def _refuse_meeting(spans: Sequence[Region], *, allow_overlap: bool) -> None:
    """Refuse a span that is there twice, or that overlaps another where this is not allowed."""
    places = sorted(range(len(spans)), key=lambda number: spans[number])
    # Sorted by start, what overlaps any of those before overlaps the one that reaches farthest.
    farthest = 0.0
    for before, number in zip([None, *places], places, strict=False):
        if before is not None and spans[before] == spans[number]:
            refuse("This span is there twice.", f"{ANSWER}/{number}")
        start, end = spans[number].extent[0]
        if not allow_overlap and start < farthest:
            refuse("This span overlaps another.", f"{ANSWER}/{number}")
        farthest = max(farthest, end)


def _meet(one: Region, other: Region) -> bool:
    return one.extent[0][0] < other.extent[0][1] and other.extent[0][0] < one.extent[0][1]


def _middle(cluster: Cluster) -> Region:
    """Return the medians of starts and ends; the one always lies below the other."""
    starts, ends = zip(*(region.extent[0] for region in cluster.regions), strict=True)
    start, end = weighted_median(starts, cluster.weights), weighted_median(ends, cluster.weights)
    return Region(((start, end),), cluster.label)


def _written(spans: Sequence[Region]) -> list[Json]:
    return [
        {"start": int(span.extent[0][0]), "end": int(span.extent[0][1]), "label": span.label}
        for span in sorted(spans)
    ]
