"""One row of a task file: what it must hold, and the sentence for what is wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from crowd.places import MOST_PRIORITY
from folkmoot.kernel.json_values import Json, JsonObject

LONGEST_ID = 200
LARGEST_PAYLOAD_BYTES = 256 * 1024


@dataclass(frozen=True)
class TaskRow:
    """A task as a file describes it."""

    external_id: str
    payload: JsonObject
    gold: Json | None = None
    priority: int = 0
    line: int = 0


@dataclass(frozen=True)
class RowProblem:
    """A row that is refused: where it stands in the file (counted from 1), and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Record:
    """A row as a file's format gives it, not yet checked."""

    line: int
    cells: Json


def checked(records: Iterator[Record | RowProblem]) -> Iterator[TaskRow | RowProblem]:
    """Turn records into tasks, or into what is wrong with them."""
    for record in records:
        yield record if isinstance(record, RowProblem) else _row_of(record)


def _row_of(record: Record) -> TaskRow | RowProblem:
    cells = record.cells
    if not isinstance(cells, dict):
        return RowProblem(record.line, "The row is not an object with named fields.")
    payload = {name: cell for name, cell in cells.items() if name not in _OWN_FIELDS}
    external_id = cells.get("external_id")
    priority = _whole_number(cells.get("priority"))
    reason = _wrong_id(external_id) or _wrong_priority(priority) or _wrong_payload(payload)
    if reason is not None or priority is None:
        return RowProblem(record.line, reason or "")
    return TaskRow(str(external_id), payload, cells.get("gold"), priority, record.line)


_OWN_FIELDS = frozenset({"external_id", "gold", "priority"})


def _wrong_id(external_id: Json) -> str | None:
    if isinstance(external_id, bool) or not isinstance(external_id, str | int):
        return "The external_id is missing."
    text = str(external_id)
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


def _wrong_payload(payload: JsonObject) -> str | None:
    try:
        size = len(json.dumps(payload, ensure_ascii=False, allow_nan=False).encode())
    except UnicodeEncodeError:
        return "The row holds bytes that are not UTF-8 text."
    except (ValueError, RecursionError):
        return "The row holds numbers that JSON cannot carry, or is nested too deeply."
    if size > LARGEST_PAYLOAD_BYTES:
        return f"The row is larger than {LARGEST_PAYLOAD_BYTES // 1024} KiB."
    return None
