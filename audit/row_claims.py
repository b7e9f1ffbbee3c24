"""Business rows held against the entries that tell of them, kind by kind.

RecordedRows    a step in the life of a row has one entry, and such an entry one row
StandingRows    where a row stands now is what all its entries, one after the other, made of it

Rows and entries are read together in one streamed statement, so memory stays flat.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Generic, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.actions import Action
from audit.entry_check import read_envelope
from audit.models import Entry
from audit.stored_rows import (
    NOT_READABLE,
    Stored,
    StoredTable,
    Table,
    UnreadableRow,
    index_of,
    stored_rows,
)
from audit.stored_texts import StoredTexts, UnreadText
from audit.verdicts import Claim, Finding
from folkmoot.kernel.core_tables import core_table
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

NO_TEXTS: Mapping[str, str] = {}

# What an entry makes of where a row stands: a new value, the given one is not changed.
Step: TypeAlias = Callable[[JsonObject, Action, JsonObject], JsonObject]


def _no_texts(_row: object) -> Mapping[str, str]:
    return NO_TEXTS


def columns_said(*names: str) -> Callable[[object], JsonObject]:
    """Return what tells these columns of a row, by their names."""

    def said(row: object) -> JsonObject:
        return {name: getattr(row, name) for name in names}

    return said


@dataclass(frozen=True)
class RecordedRows(Generic[Table]):
    """Rows of which one step has an entry.

    took_place: which rows have taken that step. said: what a row says of it, some of the entry's
    facts or all of them; what the entry only commits to is compared as a text. subject: the column
    that the entry names.
    """

    name: str
    model: type[Table]
    action: Action
    subject_type: str
    said: Callable[[Table], JsonObject]
    texts: Callable[[Table], Mapping[str, str]] = _no_texts
    took_place: sa.ColumnElement[bool] = field(default_factory=sa.true)
    subject: str = "id"

    @property
    def actions(self) -> frozenset[Action]:
        """Return the action that has one row for each entry."""
        return frozenset({self.action})

    def claims(self, uow: UnitOfWork) -> Iterator[Claim | Finding]:
        """Yield what each row says of its entry, or that there is none."""
        rows, entries = StoredTable(uow, self.model), StoredTable(uow, Entry)
        joined = sa.and_(
            col(Entry.subject_id) == sa.column(self.subject, _selectable=core_table(self.model)),
            col(Entry.action) == self.action,
        )
        statement = (
            sa.select(*rows.columns(), *entries.columns("id", "envelope"))
            .select_from(self.model)
            .outerjoin(Entry, joined)
            .where(self.took_place)
        )
        for row in stored_rows(uow, statement):
            yield self._said(rows, entries, row)

    def _said(
        self, rows: StoredTable[Table], entries: StoredTable[Entry], row: Stored
    ) -> Claim | Finding:
        subject_id = rows.uuid(row, self.subject)
        entry_id = entries.uuid(row, "id")
        what = f"the {self.subject_type} {subject_id or repr(rows.raw(row, self.subject))}"
        if entry_id is None or subject_id is None:
            return Finding(f"There is no entry ({self.action}) for {what}.")
        try:
            found = rows.read(row)
            if found is None:
                raise UnreadableRow("it has no values")
            facts, committed = _left_of(entries, row)
            texts = dict(self.texts(found))
            for name, value in self.said(found).items():
                if name in committed:
                    texts[name] = str(value)
                else:
                    facts[name] = value
            return Claim(entry_id, self.subject_type, subject_id, facts, texts)
        except NOT_READABLE as error:
            return _unreadable(what, error, entry_id)


@dataclass(frozen=True)
class StandingRows(Generic[Table]):
    """Rows that change: where they stand now must be what their entries made of them.

    stands: what a row says. step: what an entry makes of it. What no entry has said, as of a
    column that is younger than the row, is not compared. texts: what a row says where its last
    entry only commits to it; an erased text is compared no more, and its entry's check asks why.
    """

    name: str
    model: type[Table]
    told_by: frozenset[Action]
    subject_type: str
    stands: Callable[[UnitOfWork, Table], JsonObject]
    step: Step
    texts: Callable[[Table], Mapping[str, str]] = _no_texts

    @property
    def actions(self) -> frozenset[Action]:
        """Return none: an entry that changes a row is one of many."""
        return frozenset()

    def claims(self, uow: UnitOfWork) -> Iterator[Claim | Finding]:
        """Yield a finding for each row that is not what its entries made of it."""
        rows, entries = StoredTable(uow, self.model), StoredTable(uow, Entry)
        index = col(Entry.leaf_index)
        key: sa.ColumnElement[UUID] = core_table(self.model).c.id
        joined = sa.and_(col(Entry.subject_id) == key, col(Entry.action).in_(self.told_by))
        columns = entries.columns("id", "action", "leaf_index", "envelope")
        statement = (
            sa.select(*rows.columns(), *columns)
            .select_from(self.model)
            .join(Entry, joined)
            # What is not sealed yet came after all that is.
            .order_by(key, index.is_(None), index, col(Entry.id))
        )
        told = groupby(stored_rows(uow, statement), key=lambda row: rows.raw(row, "id"))
        for _, of_one in told:
            yield from self._held(uow, rows, entries, of_one)

    def _held(
        self,
        uow: UnitOfWork,
        rows: StoredTable[Table],
        entries: StoredTable[Entry],
        told: Iterator[Stored],
    ) -> Iterator[Finding]:
        made: JsonObject = {}
        try:
            for row in told:
                last = row
                action = Action(str(entries.raw(row, "action")))
                made = self.step(made, action, _facts_in(entries, row))
        except NOT_READABLE:
            return  # the log's own check says so, or the time of an entry is over
        what = f"the {self.subject_type} {rows.uuid(last, 'id')}"
        entry_id, place = entries.uuid(last, "id"), index_of(entries.raw(last, "leaf_index"))
        try:
            found = rows.read(last)
            stands = {} if found is None else self.stands(uow, found)
        except NOT_READABLE as error:
            yield _unreadable(what, error, entry_id)
            return
        differing = [name for name in made.keys() & stands.keys() if made[name] != stands[name]]
        if found is not None and entry_id is not None:
            differing += _other_texts(uow, entry_id, self.texts(found))
        for name in sorted(differing):
            yield Finding(
                f"In the database the {name} of {what} is not what its entries, of which this "
                "is the last, made of it.",
                place,
                entry_id,
            )


def _left_of(entries: StoredTable[Entry], row: Stored) -> tuple[JsonObject, Mapping[str, str]]:
    """Return the facts of an entry, and what it commits to."""
    # The comparison knows whether the time of an empty entry is over; here it is no damage yet.
    if entries.raw(row, "envelope") == b"":
        return {}, NO_TEXTS
    envelope = read_envelope(entries.raw(row, "envelope"))
    return {**envelope.facts}, envelope.commitments


def _other_texts(uow: UnitOfWork, entry_id: UUID, said: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts of an entry that are not what a row says."""
    if not said:
        return
    stored = StoredTexts(uow)
    for row in stored.of([entry_id]).get(entry_id, []):
        field_name = stored.field_of(row)
        try:
            if field_name in said and stored.open(row).value != said[field_name]:
                yield field_name
        except (UnreadText, *NOT_READABLE):
            continue  # the check of the entry itself says so


def _facts_in(entries: StoredTable[Entry], row: Stored) -> JsonObject:
    return read_envelope(entries.raw(row, "envelope")).facts


def _unreadable(what: str, error: Exception, entry_id: UUID | None) -> Finding:
    reason = str(error) if isinstance(error, UnreadableRow) else "its values have another form"
    return Finding(f"In the database {what} cannot be compared: {reason}.", entry_id=entry_id)
