"""What a check found wrong, each with the way to its entry."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from flask import url_for
from pydantic import BaseModel

from folkmoot.kernel.json_values import Json


class StoredFinding(BaseModel):
    """One finding as a check keeps it."""

    sentence: str
    leaf_index: int | None = None
    entry_id: UUID | None = None


@dataclass(frozen=True)
class WrongEntry:
    """One thing that a check found wrong, and its entry if there is one."""

    sentence: str
    index: int | None
    url: str | None


def wrong_entries(findings: Iterable[Json]) -> tuple[WrongEntry, ...]:
    """Return findings as pages show them."""
    return tuple(_wrong(StoredFinding.model_validate(found)) for found in findings)


def _wrong(finding: StoredFinding) -> WrongEntry:
    return WrongEntry(
        sentence=finding.sentence,
        index=finding.leaf_index,
        url=url_for("officer.entry", entry_id=finding.entry_id) if finding.entry_id else None,
    )
