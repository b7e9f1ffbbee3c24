"""Read sealed texts as they are stored, and which of the missing ones were erased.

The reader for checks: a damaged seal, a missing key, a claimed erasure that no entry covers are
findings, never a crash. Others read texts by `audit.disclosing`.
"""

import json
import sys
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.actions import Action
from audit.models import Disclosure, Entry, ErasedText, SubjectKey
from audit.sealed_texts import SaltedText, unseal
from audit.stored_rows import (
    NOT_READABLE,
    Stored,
    StoredTable,
    UnreadableRow,
    index_of,
    stored_rows,
)
from audit.verdicts import Finding
from audit.wrapping_keys import WrappedKey, wrapping_keys_of
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = ["COVERING", "Coverage", "StoredTexts", "UnreadText", "digest_of_texts"]

# Entries that say of texts that they were erased: how many, and the digest of which. One of a
# retention may say besides which leaves have no content any more.
COVERING = frozenset({Action.PERSON_ERASED, Action.RETENTION_APPLIED})


class UnreadText(ValueError):
    """Say that a text cannot be compared, because no wrapping key is here."""


class StoredTexts:
    """Reads the texts of entries, some entries at a time."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.texts = StoredTable(uow, Disclosure)
        self.keys = StoredTable(uow, SubjectKey)
        self._wrapping = wrapping_keys_of(uow.engine)

    def of(self, entry_ids: Collection[UUID]) -> dict[UUID, list[Stored]]:
        """Return the stored rows of some entries' texts, by entry."""
        statement = (
            sa.select(*self.texts.columns(), *self.keys.columns())
            .select_from(Disclosure)
            .outerjoin(SubjectKey, col(SubjectKey.person_id) == col(Disclosure.person_id))
            .where(col(Disclosure.entry_id).in_(entry_ids))
        )
        grouped: dict[UUID, list[Stored]] = {}
        for row in stored_rows(self.uow, statement):
            entry_id = self.texts.uuid(row, "entry_id")
            if entry_id is not None:
                grouped.setdefault(entry_id, []).append(row)
        return grouped

    def field_of(self, row: Stored) -> str:
        """Return which field of its entry a stored text is."""
        return str(self.texts.raw(row, "field"))

    def open(self, row: Stored) -> SaltedText:
        """Return a text and its salt; raise UnreadText without a key, else what NOT_READABLE has.

        Where the machine has wrapping keys, one that is not among them is damage.
        """
        text, key = self.texts.read(row), self.keys.read(row)
        if text is None or key is None:
            raise UnreadableRow("the key of its text is gone")
        if self._wrapping is None:
            raise UnreadText("no wrapping key is here")
        wrapped = WrappedKey(key.wrapped, key.wrapped_by)
        opened = self._wrapping.unwrap(wrapped, person_id=text.person_id)
        return unseal(text.sealed, key=opened, entry_id=text.entry_id, field=text.field)


class Coverage:
    """Which missing texts an entry of an erasure covers, and which erasures do not add up."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.erased = StoredTable(uow, ErasedText)
        self._counted: set[UUID] = set()
        self._expired: list[tuple[int, int]] = []

    def of(self, entry_ids: Collection[UUID]) -> dict[UUID, set[str]]:
        """Return the fields of some entries that were erased by an erasure that adds up."""
        statement = sa.select(*self.erased.columns()).where(col(ErasedText.entry_id).in_(entry_ids))
        covered: dict[UUID, set[str]] = {}
        for row in stored_rows(self.uow, statement):
            entry_id = self.erased.uuid(row, "entry_id")
            if entry_id is not None and self.erased.uuid(row, "erasure_id") in self._counted:
                covered.setdefault(entry_id, set()).add(str(self.erased.raw(row, "field")))
        return covered

    def is_expired(self, index: object) -> bool:
        """Say whether an entry of a retention tells that this leaf's content is over."""
        if not isinstance(index, int):
            return False
        run = bisect_right(self._expired, (index, sys.maxsize)) - 1
        return run >= 0 and index <= self._expired[run][1]

    def check(self) -> Iterator[Finding]:
        """Add up every erasure, before `of` is asked; yield those that do not."""
        stated = self._stated()
        statement = sa.select(*self.erased.columns()).order_by(
            col(ErasedText.erasure_id), col(ErasedText.entry_id), col(ErasedText.field)
        )
        rows = stored_rows(self.uow, statement)
        for erasure_id, texts in groupby(rows, lambda row: self.erased.uuid(row, "erasure_id")):
            found = self._counted_up(texts)
            if erasure_id is not None and found == stated.pop(erasure_id, None):
                self._counted.add(erasure_id)
            else:
                yield Finding("What was erased is not what this entry says.", None, erasure_id)
        for erasure_id, (n_texts, _) in stated.items():
            if n_texts:
                yield Finding("It is no longer known which texts were erased.", None, erasure_id)

    def _stated(self) -> dict[UUID, tuple[int, str]]:
        entries = StoredTable(self.uow, Entry)
        statement = sa.select(*entries.columns("id", "envelope", "leaf_index")).where(
            entries.column("action").in_([one.value for one in COVERING])
        )
        stated: dict[UUID, tuple[int, str]] = {}
        for row in stored_rows(self.uow, statement):
            entry_id = entries.uuid(row, "id")
            facts = _facts(entries.raw(row, "envelope"))
            if entry_id is not None and facts is not None:  # else its own check says what is wrong
                stated[entry_id] = facts.n_texts, facts.digest
                index = index_of(entries.raw(row, "leaf_index"))
                # What comes after an entry cannot have been over when that was recorded.
                self._expired += [run for run in facts.expired if index is None or run[1] < index]
        self._expired.sort()
        return stated

    def _counted_up(self, rows: Iterator[Stored]) -> tuple[int, str]:
        texts = [
            (self.erased.uuid(row, "entry_id") or UUID(int=0), str(self.erased.raw(row, "field")))
            for row in rows
        ]
        return len(texts), digest_of_texts(texts)


def digest_of_texts(texts: Sequence[tuple[UUID, str]]) -> str:
    """Return the SHA-256 of a list of entries and fields: sorted, a line for each."""
    lines = sorted(f"{entry_id} {field}\n" for entry_id, field in texts)
    return sha256("".join(lines).encode()).hexdigest()


class _Facts(NamedTuple):
    n_texts: int
    digest: str
    expired: list[tuple[int, int]]


def _facts(envelope: object) -> _Facts | None:
    try:
        facts = json.loads(envelope if isinstance(envelope, bytes) else b"")["facts"]
        expired = [(int(first), int(last)) for first, last in facts.get("expired", [])]
        return _Facts(int(facts["n_texts"]), str(facts["texts_digest"]), expired)
    except NOT_READABLE:
        return None
