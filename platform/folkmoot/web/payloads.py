"""What a task or a case is about, as pages show it: long texts apart from short fields."""

from collections.abc import Sequence
from dataclasses import dataclass

from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.web.officer.sentences import readable, words_of

LONG_TEXT = 80  # characters: what is longer reads better as a text than in a table
FIELDS_IN_A_LINE = 4


@dataclass(frozen=True)
class Payload:
    """The long texts of a payload as one, and its other fields as (label, value)."""

    text: str | None
    fields: Sequence[tuple[str, str]]


def payload_of(payload: JsonObject) -> Payload:
    """Return a payload as a page shows it."""
    texts = [str(value) for value in payload.values() if _is_long(value)]
    fields = [(readable(k), words_of(v)) for k, v in payload.items() if not _is_long(v)]
    return Payload("\n\n".join(texts) or None, fields)


def line_of(payload: JsonObject) -> str:
    """Return the beginning of a payload in one line."""
    shown = payload_of(payload)
    if shown.text:
        return shown.text if len(shown.text) <= LONG_TEXT else f"{shown.text[:LONG_TEXT]}…"
    return ", ".join(f"{label} {value}" for label, value in shown.fields[:FIELDS_IN_A_LINE])


def _is_long(value: Json) -> bool:
    return isinstance(value, str) and len(value) > LONG_TEXT
