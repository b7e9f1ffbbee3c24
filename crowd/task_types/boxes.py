"""Boxes in a picture: `[{"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.1, "label": "car"}, ...]`.

All in shares of the picture's width and height, 0 to 1, from its upper left corner.
"""

from collections.abc import Sequence
from math import fsum

from crowd.task_types.answer_kind import Example, Opinion, Voice
from crowd.task_types.answers import ANSWER, list_of, number_of, object_of, one_of, refuse
from crowd.task_types.choices import words_of
from crowd.task_types.marked_parts import MOST_PARTS, MarkedParts, PartsSchema
from crowd.task_types.payloads import FieldName, text_in
from crowd.task_types.regions import Cluster, Marking, Region, majority_of
from crowd.task_types.schemas import SchemaReader
from folkmoot.kernel.json_values import Json, JsonObject

# A ten-thousandth of the picture: less is a slip of the hand.
LEAST_SIDE = 0.0001
# What rounding may add to the edges.
_SLACK = 1e-6
_DIGITS = 6
_NUMBERS = ("x", "y", "width", "height")


class BoxesSchema(PartsSchema):
    """The question, which picture is marked, and what can be marked in it.

    most: how many boxes an answer may have.
    gold_overlap, gold_f1: from which overlap (intersection over union) on two boxes are the same,
    and from which F1 score on an answer to gold is right.
    """

    field: FieldName = "image"


_SCHEMAS = SchemaReader(BoxesSchema, "boxes in a picture")


class Boxes(MarkedParts):
    """The task type that asks to draw boxes around parts of a picture."""

    def check_schema(self, schema: JsonObject) -> JsonObject:
        """Return the schema in its full form, or raise InvalidInput naming the field."""
        return _SCHEMAS.full_form(schema)

    def check_payload(self, schema: JsonObject, payload: JsonObject) -> None:
        """Raise InvalidInput where the task names no picture."""
        text_in(payload, _SCHEMAS.read(schema).field)

    def check_answer(self, schema: JsonObject, answer: Json, payload: JsonObject | None) -> None:
        """Raise InvalidInput for a box that leaves the picture, is of no class, or twice there."""
        known = _SCHEMAS.read(schema)
        boxes = _read(answer)
        if len(boxes) > known.most:
            refuse(f"At most {known.most:,} boxes are allowed here.")
        words = words_of(known.classes)
        seen: set[Region] = set()
        for number, box in enumerate(boxes):
            one_of(box.label, words, f"{ANSWER}/{number}/label")
            if box in seen:
                refuse("This box is there twice.", f"{ANSWER}/{number}")
            seen.add(box)

    def opinion_of(self, schema: JsonObject, voices: Sequence[Voice]) -> Opinion:
        """Return the boxes that voices of more than half of the weight drew.

        Voices weigh their reliability; boxes of one class that overlap by half are the same, with
        the mean of their corners.
        """
        markings = [Marking(_read(voice.answer), voice.reliability) for voice in voices]
        middles = dict.fromkeys(map(_middle, majority_of(markings)))
        kept = list(middles)[: _SCHEMAS.read(schema).most]
        return self._opinion_on(schema, _written(kept), voices)

    def parts_of(self, answer: Json) -> tuple[Region, ...]:
        """Return the boxes of an answer in the order given, or refuse what is none."""
        return _read(answer)

    def written(self, parts: Sequence[Region]) -> list[Json]:
        """Return the answer that marks these boxes, sorted."""
        return _written(parts)

    def known_schema(self, schema: JsonObject) -> BoxesSchema:
        """Return a schema in its full form as its model."""
        return _SCHEMAS.read(schema)

    def place_of(self, schema: JsonObject, part: Region) -> str:
        """Return a box's class and the place of its middle, in shares of the picture."""
        words = words_of(_SCHEMAS.read(schema).classes)
        across, down = ((low + high) / 2 for low, high in part.extent)
        return f"{words.get(part.label, part.label)} at {across:.0%} across, {down:.0%} down"

    def text_of(self, schema: JsonObject, answer: Json) -> str:
        """Return how many boxes there are of each class."""
        labels = [box.label for box in _read(answer)]
        words = words_of(_SCHEMAS.read(schema).classes)
        counts = (f"{labels.count(label)} × {words[label]}" for label in words if label in labels)
        return ", ".join(counts) or "nothing marked"

    def example(self) -> Example:
        """Return a question about a street."""
        schema: JsonObject = {
            "question": "Draw a box around every car and every cyclist.",
            "field": "image",
            "classes": ["car", {"value": "cyclist", "label": "cyclist, with the bicycle"}],
            "most": 30,
            "gold_overlap": 0.5,
            "gold_f1": 0.8,
        }
        answer: Json = [{"x": 0.12, "y": 0.4, "width": 0.3, "height": 0.25, "label": "car"}]
        return Example(schema, {"image": "https://pictures.example/street-4.jpg"}, answer)


def _read(answer: Json) -> tuple[Region, ...]:
    """Return the boxes of an answer in the order given, or refuse what is none."""
    boxes = []
    for number, each in enumerate(list_of(answer, ANSWER, at_most=MOST_PARTS)):
        pointer = f"{ANSWER}/{number}"
        written = object_of(each, pointer, names=(*_NUMBERS, "label"))
        x, y, width, height = (number_of(written[name], f"{pointer}/{name}") for name in _NUMBERS)
        _refuse_outside(x, width, pointer, ("x", "width"))
        _refuse_outside(y, height, pointer, ("y", "height"))
        label = written["label"]
        if not isinstance(label, str):
            refuse("This must be text.", f"{pointer}/label")
        boxes.append(Region(((x, x + width), (y, y + height)), label))
    return tuple(boxes)


def _refuse_outside(start: float, side: float, pointer: str, names: tuple[str, str]) -> None:
    if not 0 <= start <= 1:
        refuse("This must be 0 to 1.", f"{pointer}/{names[0]}")
    if side < LEAST_SIDE:
        refuse(f"A box has sides of at least {LEAST_SIDE}.", f"{pointer}/{names[1]}")
    if start + side > 1 + _SLACK:
        refuse("The box leaves the picture.", f"{pointer}/{names[1]}")


def _middle(cluster: Cluster) -> Region:
    """Return the weighted means of the corners, to a millionth of the picture."""
    edges = zip(*(region.extent[0] + region.extent[1] for region in cluster.regions), strict=True)
    left, right, top, bottom = (_mean(edge, cluster.weights) for edge in edges)
    return Region(((left, right), (top, bottom)), cluster.label)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    total = fsum(weights)
    if total == 0:
        return round(fsum(values) / len(values), _DIGITS)
    weighted = (value * weight for value, weight in zip(values, weights, strict=True))
    return round(fsum(weighted) / total, _DIGITS)


def _written(boxes: Sequence[Region]) -> list[Json]:
    written: list[Json] = []
    for box in sorted(boxes):
        (x, width), (y, height) = (_inside(low, high) for low, high in box.extent)
        written.append({"x": x, "y": y, "width": width, "height": height, "label": box.label})
    return written


def _inside(low: float, high: float) -> tuple[float, float]:
    """Return start and side of an edge, so that rounding neither closes nor moves it outside."""
    side = max(round(high - low, _DIGITS), LEAST_SIDE)
    return min(round(low, _DIGITS), round(1 - side, _DIGITS)), side
