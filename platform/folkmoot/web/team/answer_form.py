"""The part of the project form that says what is asked: a task type, a question, its answers.

Answers that can be listed are typed one a line. Whatever else a schema says is typed as JSON.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from crowd.models import TaskType
from crowd.task_types import task_type_of
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject

_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)
NOT_AN_OBJECT = "Settings are a JSON object, such as {“max_picks”: 2}."

# Under which name the schema of a task type lists what is typed one a line.
_LISTED = {
    TaskType.SINGLE_CHOICE: "choices",
    TaskType.MULTIPLE_CHOICE: "choices",
    TaskType.RATING: "points",
    TaskType.SPANS: "classes",
    TaskType.BOXES: "classes",
}
NAMES = {
    TaskType.SINGLE_CHOICE: ("Single choice", "One answer out of a few."),
    TaskType.MULTIPLE_CHOICE: ("Multiple choice", "Any number of a few answers."),
    TaskType.RATING: ("Rating", "A point on a scale from low to high."),
    TaskType.NUMBER: ("Number", "A number, with limits and a unit."),
    TaskType.TEXT: ("Free text", "A sentence or more in the annotator’s own words."),
    TaskType.SPANS: ("Spans", "Marked passages in a text, each of a kind."),
    TaskType.BOXES: ("Boxes", "Rectangles in an image, each of a kind."),
    TaskType.PREFERENCE: ("Preference", "Which of two is better, and how clearly."),
    TaskType.RANKING: ("Ranking", "Several things put in order."),
}


@dataclass(frozen=True)
class TypedSchema:
    """An answer schema as it is typed."""

    question: str
    choices: str
    settings: str


@dataclass(frozen=True)
class TypeChoice:
    """One task type to pick, with an example to start from."""

    value: str
    name: str
    hint: str
    has_choices: bool
    example: TypedSchema
    payload: str
    answer: str


def type_choices() -> Sequence[TypeChoice]:
    """Return the task types to pick from."""
    return [_type_choice(task_type) for task_type in TaskType]


def typed_schema(task_type: TaskType, schema: JsonObject) -> TypedSchema:
    """Return a schema as it would be typed."""
    listed = _LISTED.get(task_type)
    entries = schema.get(listed) if listed else None
    rest = {name: value for name, value in schema.items() if name not in {"question", listed}}
    return TypedSchema(
        question=str(schema.get("question", "")),
        choices="\n".join(_line_of(each) for each in entries) if isinstance(entries, list) else "",
        settings=json.dumps(rest, indent=2, ensure_ascii=False) if rest else "",
    )


def schema_from(task_type: TaskType, typed: TypedSchema) -> JsonObject:
    """Return the schema that was typed; the task type's own check comes after it."""
    listed = _LISTED.get(task_type)
    lines = [line.strip() for line in typed.choices.splitlines() if line.strip()]
    entries: list[Json] = [_entry_of(line, task_type) for line in lines]
    own: JsonObject = {listed: entries} if listed else {}
    return {"question": typed.question, **own, **_settings_of(typed.settings)}


def _type_choice(task_type: TaskType) -> TypeChoice:
    kind = task_type_of(task_type)
    example, (name, hint) = kind.example(), NAMES[task_type]
    return TypeChoice(
        value=task_type.value,
        name=name,
        hint=hint,
        has_choices=task_type in _LISTED,
        example=typed_schema(task_type, example.schema),
        payload=json.dumps(example.payload, ensure_ascii=False),
        answer=kind.text_of(kind.check_schema(example.schema), example.answer),
    )


def _settings_of(text: str) -> JsonObject:
    if not text.strip():
        return {}
    try:
        return _OBJECT.validate_json(text)
    except ValidationError as error:
        field = FieldProblem("/settings", NOT_AN_OBJECT)
        raise InvalidInput(NOT_AN_OBJECT, fields=[field]) from error


def _entry_of(line: str, task_type: TaskType) -> Json:
    """Return `value: words | more words`, or the words alone, as an entry of a schema."""
    named, _, help_text = (part.strip() for part in line.partition(" | "))
    value, colon, words = (part.strip() for part in named.partition(":"))
    if task_type is TaskType.RATING:
        # A line that begins with no number is the words of the next point.
        is_numbered = bool(colon) and value.removeprefix("-").isdecimal()
        return {"value": int(value), "label": words} if is_numbered else line
    entry: JsonObject = {"value": value, "label": words or value}
    return entry | {"help": help_text} if help_text else entry


def _line_of(entry: Json) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    value, words, help_text = entry.get("value"), entry.get("label"), entry.get("help")
    named = str(value) if words in {None, "", value} else f"{value}: {words}"
    return f"{named} | {help_text}" if help_text else named
