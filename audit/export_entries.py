"""The lines of an export that hold entries."""

import base64
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.entry_check import EntryCheck
from audit.export_files import in_groups
from audit.models import Entry
from audit.stored_rows import NOT_READABLE, Stored, index_of, stored_rows
from audit.stored_texts import Coverage, UnreadText
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["ExportedEntries"]


class ExportedEntries:
    """Reads entries as they are stored, with the texts that may be shown."""

    def __init__(self, uow: UnitOfWork, *, has_texts: bool) -> None:
        self.uow = uow
        self.has_texts = has_texts
        self.by_action: Counter[str] = Counter()
        self._one = EntryCheck(uow)
        self._coverage = Coverage(uow)
        # Adds up what was erased; what does not add up the reader finds too.
        self._unsound = tuple(self._coverage.check())

    def sealed(self, leaves: range, size: int) -> Iterator[JsonObject]:
        """Yield the entries of a range in their order; up to the log's end, also what follows."""
        index = self._one.entries.column("leaf_index")
        wanted = [index.is_not(None), index >= leaves.start]
        # Beyond the signed size they are among those that wait.
        wanted.append(index < (leaves.stop if leaves.stop < size else size))
        for row, line in self._lines(sa.and_(*wanted)):
            self.by_action[str(self._one.entries.raw(row, "action"))] += 1
            yield {"index": index_of(self._one.entries.raw(row, "leaf_index")), **line}

    def waiting(self, size: int) -> Iterator[JsonObject]:
        """Yield the entries without a place, and those that were sealed after the signed size."""
        index = self._one.entries.column("leaf_index")
        for row, line in self._lines(sa.or_(index.is_(None), index >= size)):
            place = index_of(self._one.entries.raw(row, "leaf_index"))
            yield line if place is None else {"index": place, **line}

    def erased(self) -> Iterator[JsonObject]:
        """Yield every text that was erased, and by which entry."""
        table = self._coverage.erased
        order = [table.column(name) for name in ("erasure_id", "entry_id", "field")]
        for row in stored_rows(self.uow, sa.select(*table.columns()).order_by(*order)):
            yield {
                "erasure": str(table.uuid(row, "erasure_id")),
                "entry": str(table.uuid(row, "entry_id")),
                "field": str(table.raw(row, "field")),
            }

    def _lines(self, wanted: sa.ColumnElement[bool]) -> Iterator[tuple[Stored, JsonObject]]:
        columns = sa.select(*self._one.entries.columns()).where(wanted)
        # Those without a place come last, on both databases.
        index = col(Entry.leaf_index)
        ordered = columns.order_by(index.is_(None), index, col(Entry.id))
        for some in in_groups(stored_rows(self.uow, ordered)):
            ids = [one for row in some if (one := self._one.entries.uuid(row, "id"))]
            texts, erased = self._one.texts.of(ids), self._coverage.of(ids)
            for row in some:
                entry_id = self._one.entries.uuid(row, "id") or UUID(int=0)
                yield row, self._line(row, texts.get(entry_id, []), erased.get(entry_id, set()))

    def _line(self, row: Stored, texts: Sequence[Stored], erased: Collection[str]) -> JsonObject:
        stored = self._one.entries.raw(row, "envelope")
        is_expired = self._coverage.is_expired(self._one.entries.raw(row, "leaf_index"))
        line = self._expired(row) if stored == b"" else _envelope(stored)
        leaf = self._one.entries.raw(row, "leaf_hash")
        line["leaf_hash"] = leaf.hex() if isinstance(leaf, bytes) else ""
        if texts and self.has_texts:
            line["disclosures"] = self._disclosed(texts)
        found: list[Json] = [
            one.sentence for one in self._one.findings(row, texts, erased, is_expired=is_expired)
        ]
        if found:
            line["found"] = found
        return line

    def _expired(self, row: Stored) -> JsonObject:
        """Return what is left of an entry whose time is over; its leaf proves no more of it."""
        table = self._one.entries
        return {
            "expired": {
                "id": str(table.uuid(row, "id")),
                "action": str(table.raw(row, "action")),
                "actor": str(table.uuid(row, "actor_id")),
                "actor_sequence": index_of(table.raw(row, "actor_sequence")) or 0,
            }
        }

    def _disclosed(self, texts: Sequence[Stored]) -> JsonObject:
        disclosed: JsonObject = {}
        for row in texts:
            try:
                text = self._one.texts.open(row)
            except (UnreadText, *NOT_READABLE):
                continue  # what is wrong with it stands among what was found
            disclosed[self._one.texts.field_of(row)] = {
                "value": text.value,
                "salt": text.salt.hex(),
            }
        return disclosed


def _envelope(stored: object) -> JsonObject:
    """Return the stored bytes as text, or in base64 where they are none."""
    if not isinstance(stored, bytes):
        return {"envelope_base64": base64.b64encode(str(stored).encode()).decode()}
    try:
        return {"envelope": stored.decode()}
    except UnicodeDecodeError:
        return {"envelope_base64": base64.b64encode(stored).decode()}
