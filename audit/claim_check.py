"""Check business rows against their entries, and entries against the rows they must have."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.entry_check import read_envelope
from audit.models import Entry
from audit.stored_rows import (
    NOT_READABLE,
    Stored,
    StoredTable,
    UnreadableRow,
    index_of,
    stored_rows,
)
from audit.stored_texts import Coverage, StoredTexts, UnreadText
from audit.verdicts import ERASED, Claim, ClaimSource, Finding
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass
class Fingerprint:
    """What tells one collection of entries from another in a few bytes, in any order.

    As long as rows and entries agree, no list of them has to be held in memory.
    """

    n_added: int = 0
    total: int = 0

    def add(self, entry_id: UUID | None) -> None:
        """Count one more."""
        written = b"" if entry_id is None else entry_id.bytes
        self.n_added += 1
        self.total += int.from_bytes(sha256(written).digest())


class ClaimCheck:
    """Compares what rows claim with what was recorded; `n_claims` counts the rows."""

    def __init__(self, uow: UnitOfWork, coverage: Coverage) -> None:
        self.uow = uow
        self.entries = StoredTable(uow, Entry)
        self.texts = StoredTexts(uow)
        self.coverage = coverage
        self.n_claims = 0

    def findings(self, source: ClaimSource) -> Iterator[Finding]:
        """Yield everything that is wrong between one kind of rows and its entries."""
        claimed = Fingerprint()
        for said in source.claims(self.uow):
            if isinstance(said, Finding):
                yield said
            else:
                self.n_claims += 1
                claimed.add(said.entry_id)
                yield from self._compare(said)
        if claimed != self._fingerprint_of_entries(source):
            yield from self._reconcile(source)

    def _fingerprint_of_entries(self, source: ClaimSource) -> "Fingerprint":
        recorded = Fingerprint()
        for entry in self._entries_of(source):
            recorded.add(self.entries.uuid(entry, "id"))
        return recorded

    def _compare(self, claim: Claim) -> Iterator[Finding]:
        what = f"the {claim.subject_type} {claim.subject_id}"
        entry = self._entry(claim.entry_id)
        if entry is None:
            yield Finding(f"There is no entry for {what}.")
            return
        if self._is_over(entry):
            return
        try:
            envelope = read_envelope(self.entries.raw(entry, "envelope"))
        except UnreadableRow as error:
            yield self._finding(f"The entry for {what} cannot be read: {error}.", entry)
            return
        erased = self.coverage.of([claim.entry_id]).get(claim.entry_id, set())
        if envelope.subject_id != str(claim.subject_id) or not _agree(
            claim.facts, envelope.facts, may_be_erased=bool(erased)
        ):
            yield self._finding(f"In the database {what} was changed after it was recorded.", entry)
        for field in self._changed(claim, erased):
            yield self._finding(
                f"In the database the {field} of {what} was changed after it was recorded.", entry
            )

    def _changed(self, claim: Claim, erased: Collection[str]) -> Iterator[str]:
        if not claim.personal:
            return
        texts = self.texts.of([claim.entry_id]).get(claim.entry_id, [])
        stored = {self.texts.field_of(row): row for row in texts}
        for field, value in claim.personal.items():
            row = stored.get(field)
            if row is None:
                if value != ERASED or field not in erased:
                    yield field
            elif not self._says(row, value):
                yield field

    def _says(self, row: Stored, value: str) -> bool:
        try:
            return self.texts.open(row).value == value
        except UnreadText:
            return True  # counted where the entry itself was checked
        except NOT_READABLE:
            return False

    def _reconcile(self, source: ClaimSource) -> Iterator[Finding]:
        """Name the entries that no row or several rows claim, once it is known that there are."""
        claimed: Counter[UUID] = Counter()
        named: set[UUID] = set()
        for said in source.claims(self.uow):
            if not isinstance(said, Finding):
                claimed[said.entry_id] += 1
            elif said.entry_id is not None:
                named.add(said.entry_id)
        for entry in self._entries_of(source):
            entry_id = self.entries.uuid(entry, "id")
            times = claimed[entry_id] if entry_id else 0
            if times > 1:
                yield self._finding(f"{times} rows say that they are this entry's.", entry)
            if not times and entry_id not in named and not self._is_over(entry):
                kind = self.entries.raw(entry, "subject_type")
                subject_id = self.entries.uuid(entry, "subject_id")
                yield self._finding(
                    f"What was recorded here of the {kind} {subject_id} "
                    f"({self.entries.raw(entry, 'action')}) was deleted from the database.",
                    entry,
                )

    def _entries_of(self, source: ClaimSource) -> Iterator[Stored]:
        columns = self.entries.columns("id", "action", "subject_type", "subject_id", "leaf_index")
        wanted = [one.value for one in source.actions]
        statement = sa.select(*columns).where(self.entries.column("action").in_(wanted))
        return stored_rows(self.uow, statement.order_by(col(Entry.id)))

    def _is_over(self, entry: Stored) -> bool:
        """Say whether the time of an entry is over: nothing can be held against it any more."""
        return self.coverage.is_expired(self.entries.raw(entry, "leaf_index"))

    def _entry(self, entry_id: UUID) -> Stored | None:
        statement = sa.select(*self.entries.columns()).where(col(Entry.id) == entry_id)
        return next(stored_rows(self.uow, statement), None)

    def _finding(self, sentence: str, entry: Stored) -> Finding:
        index = index_of(self.entries.raw(entry, "leaf_index"))
        return Finding(sentence, index, self.entries.uuid(entry, "id"))


def _agree(claimed: JsonObject, recorded: JsonObject, *, may_be_erased: bool) -> bool:
    if claimed == recorded:
        return True
    differing = {name for name in {*claimed, *recorded} if _differ(claimed, recorded, name)}
    return may_be_erased and all(claimed.get(name) == ERASED for name in differing)


def _differ(one: JsonObject, other: JsonObject, name: str) -> bool:
    return (name in one) != (name in other) or one.get(name) != other.get(name)
