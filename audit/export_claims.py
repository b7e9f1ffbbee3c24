"""The lines of an export that hold what business rows and reports say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit import commitments
from audit.canonical import NotCanonical, canonical_bytes
from audit.export_files import in_groups
from audit.models import Entry
from audit.stored_rows import NOT_READABLE, Stored, StoredTable, index_of, stored_rows
from audit.stored_texts import StoredTexts, UnreadText
from audit.verdicts import ERASED, Claim, ClaimSource, Finding
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["ExportedClaims", "FinishedReport", "ReportSource"]


@dataclass(frozen=True)
class FinishedReport:
    """A report as it is kept: what was asked and found, and the entry that holds its digest."""

    report_id: UUID
    entry_id: UUID
    definition: JsonObject
    result: JsonObject


class ReportSource(Protocol):
    """Where finished reports are kept."""

    def reports(self, uow: UnitOfWork) -> Iterator[FinishedReport]:
        """Return every finished report."""


class ExportedClaims:
    """Writes down what rows claim whose entries are in the export, or are nowhere."""

    def __init__(self, uow: UnitOfWork, leaves: range, *, size: int, has_texts: bool) -> None:
        self.uow = uow
        self.leaves = leaves
        self.size = size
        self.has_texts = has_texts
        self.texts = StoredTexts(uow)

    def lines(self, sources: Sequence[ClaimSource]) -> Iterator[JsonObject]:
        """Yield each claim, and what keeps a row from being read."""
        for source in sources:
            name = source.name
            for some in in_groups(source.claims(self.uow)):
                outside = self._outside([one.entry_id for one in some if one.entry_id is not None])
                for said in some:
                    if said.entry_id not in outside:
                        yield self._line(name, said)

    def reports(self, sources: Sequence[ReportSource]) -> Iterator[JsonObject]:
        """Yield each finished report with what it was asked and what it found."""
        for source in sources:
            for one in source.reports(self.uow):
                if one.entry_id not in self._outside([one.entry_id]):
                    yield {
                        "report": str(one.report_id),
                        "entry": str(one.entry_id),
                        "definition": one.definition,
                        "result": one.result,
                    }

    def _line(self, source: str, said: Claim | Finding) -> JsonObject:
        if isinstance(said, Finding):
            entry = str(said.entry_id) if said.entry_id else None
            return {"source": source, "entry": entry, "finding": said.sentence}
        line: JsonObject = {
            "source": source,
            "entry": str(said.entry_id),
            "subject_type": said.subject_type,
            "subject_id": str(said.subject_id),
            "facts": dict(said.facts),
            "personal": self._personal(said),
        }
        try:
            canonical_bytes(line)
        except NotCanonical:
            what = f"the {said.subject_type} {said.subject_id}"
            return {
                "source": source,
                "entry": str(said.entry_id),
                "finding": f"In the database {what} holds what JSON cannot carry.",
            }
        return line

    def _personal(self, claim: Claim) -> JsonObject:
        if self.has_texts or not claim.personal:
            return dict(claim.personal)
        # Without its texts an export still says whether the row's are those of the entry.
        salts = self._salts(claim.entry_id)
        return {
            field: {"commitment": commitments.commit(value, salts[field])}
            if field in salts
            else ERASED
            for field, value in claim.personal.items()
            if field in salts or value == ERASED
        }

    def _salts(self, entry_id: UUID) -> dict[str, bytes]:
        salts = {}
        for row in self.texts.of([entry_id]).get(entry_id, []):
            try:
                salts[self.texts.field_of(row)] = self.texts.open(row).salt
            except (UnreadText, *NOT_READABLE):
                continue
        return salts

    def _outside(self, entry_ids: Sequence[UUID]) -> set[UUID]:
        """Return which of some entries are in the log, and not in the export."""
        table = StoredTable(self.uow, Entry)
        statement = sa.select(*table.columns("id", "leaf_index")).where(
            col(Entry.id).in_(entry_ids)
        )
        return {
            entry_id
            for row in stored_rows(self.uow, statement)
            if (entry_id := table.uuid(row, "id")) and self._is_outside(table, row)
        }

    def _is_outside(self, table: StoredTable[Entry], row: Stored) -> bool:
        index = index_of(table.raw(row, "leaf_index"))
        # Those beyond the signed size are among those that wait.
        return index is not None and index < self.size and index not in self.leaves
