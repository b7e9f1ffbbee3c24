"""One row of a task file: what it must hold, and the sentence for what is wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from crowd.places import MOST_PRIORITY
from folkmoot.kernel.json_values import Json, JsonObject

LONGEST_ID = 200
LONGEST_EXPLANATION = 2000
LARGEST_ROW_BYTES = 256 * 1024
# What Folkmoot itself reads; every other column is the payload.
OWN_COLUMNS = frozenset(
    {"external_id", "gold", "priority", "training", "explanation", "suggestion"}
)


_written = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True)
class TaskRow:
    """A task as a file describes it; `end` is the offset in the file where the next row begins."""

    external_id: str
    payload: JsonObject
    gold: Json | None = None
    priority: int = 0
    line: int = 0
    is_training: bool = False
    explanation: str = ""
    suggestion: Json | None = None
    end: int = field(default=0, compare=False)


@dataclass(frozen=True)
class RowProblem:
    """A row that is refused or left out: where it stands in the file (from 1), and why."""

    line: int
    reason: str
    external_id: str = field(default="", compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Record:
    """A row as a file's format gives it, not yet checked."""

    line: int
    cells: Json
    end: int = 0


ReadRow: TypeAlias = TaskRow | RowProblem


def checked(records: Iterator[Record | RowProblem]) -> Iterator[ReadRow]:
    """Turn records into tasks, or into what is wrong with them."""
    for record in records:
        yield record if isinstance(record, RowProblem) else _row_of(record)


def _row_of(record: Record) -> ReadRow:
    cells = record.cells
    if not isinstance(cells, dict):
        reason = "The row is not an object with named fields."
        return RowProblem(record.line, reason, end=record.end)
    external_id = _id_text(cells.get("external_id"))
    priority = _whole_number(cells.get("priority"))
    is_training = _yes_or_no(cells.get("training"))
    explanation = cells.get("explanation", "")
    reasons = (
        _wrong_id(external_id)
        or _wrong_priority(priority)
        or _wrong_training(is_training, cells.get("gold"))
        or _wrong_explanation(explanation)
        or _wrong_content(cells)
    )
    if reasons or external_id is None or priority is None or is_training is None:
        shown = external_id if external_id and not _wrong_id(external_id) else ""
        return RowProblem(record.line, reasons or "", shown, record.end)
    return TaskRow(
        external_id=external_id,
        payload={name: cell for name, cell in cells.items() if name not in OWN_COLUMNS},
        gold=cells.get("gold"),
        priority=priority,
        line=record.line,
        is_training=is_training,
        explanation=str(explanation or ""),
        suggestion=cells.get("suggestion"),
        end=record.end,
    )


def _id_text(written: Json) -> str | None:
    is_name = isinstance(written, str | int) and not isinstance(written, bool)
    return str(written) if is_name else None


def _wrong_id(text: str | None) -> str | None:
    if text is None:
        return "The external_id is missing."
    if not 1 <= len(text) <= LONGEST_ID or not text.isprintable() or text != text.strip():
        return f"The external_id must be 1 to {LONGEST_ID} printable characters."
    return None


def _whole_number(written: Json) -> int | None:
    if written is None:
        return 0
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    if isinstance(written, str) and written.lstrip("-").isdecimal() and len(written) < 10:
        return int(written)
    return None


def _wrong_priority(priority: int | None) -> str | None:
    if priority is None or abs(priority) > MOST_PRIORITY:
        return f"The priority must be a whole number from -{MOST_PRIORITY} to {MOST_PRIORITY}."
    return None


def _yes_or_no(written: Json) -> bool | None:
    if written is None or isinstance(written, bool):
        return bool(written)
    return {"true": True, "false": False}.get(written.lower()) if isinstance(written, str) else None


def _wrong_training(is_training: bool | None, gold: Json) -> str | None:
    if is_training is None:
        return "The column training must be true or false."
    if is_training and gold is None:
        return "A training row needs a gold answer."
    return None


def _wrong_explanation(written: Json) -> str | None:
    if written is None:
        return None
    if not isinstance(written, str) or len(written) > LONGEST_EXPLANATION or "\x00" in written:
        return f"The explanation must be a text of at most {LONGEST_EXPLANATION} characters."
    return None


def _wrong_content(cells: JsonObject) -> str | None:
    try:
        size = len(_written(cells).encode())
    except UnicodeEncodeError:
        return "The row holds bytes that are not UTF-8 text."
    except (ValueError, RecursionError):
        return "The row holds numbers that JSON cannot carry, or is nested too deeply."
    if size > LARGEST_ROW_BYTES:
        return f"The row is larger than {LARGEST_ROW_BYTES // 1024} KiB."
    return None
