"""Check one entry: its bytes, its columns, and the texts that are still disclosed of it."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit import commitments
from audit.canonical import canonical_bytes
from audit.merkle import HASH_BYTES, leaf_hash
from audit.models import Entry
from audit.recording import envelope_of
from audit.stored_rows import NOT_READABLE, Stored, StoredTable, UnreadableRow, index_of
from audit.stored_texts import StoredTexts, UnreadText
from audit.verdicts import Finding
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

CHANGED = "The entry was changed after it was recorded."
UNREADABLE = "The entry cannot be read"


@dataclass(frozen=True)
class Envelope:
    """What a leaf commits to, as far as a check needs it."""

    subject_id: str
    facts: JsonObject
    commitments: Mapping[str, str]


def read_envelope(stored: object) -> Envelope:
    """Return what an entry's bytes say; raise UnreadableRow where they are no envelope."""
    if not isinstance(stored, bytes):
        raise UnreadableRow("its envelope is not bytes")
    try:
        envelope = json.loads(stored)
        facts, committed = envelope["facts"], envelope["commitments"]
        subject_id = envelope["subject"]["id"]
    except NOT_READABLE as error:
        raise UnreadableRow("its envelope cannot be read") from error
    if not isinstance(facts, dict) or not _is_text_by_field(committed):
        raise UnreadableRow("its envelope has another form")
    return Envelope(str(subject_id), facts, committed)


def leaf_of(stored: object) -> bytes | None:
    """Return a stored leaf hash, or None where it is none."""
    return stored if isinstance(stored, bytes) and len(stored) == HASH_BYTES else None


class EntryCheck:
    """Checks entries one by one, and yields what is wrong with each."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.entries = StoredTable(uow, Entry)
        self.texts = StoredTexts(uow)
        self.n_unread = 0

    def findings(
        self,
        row: Stored,
        texts: Sequence[Stored],
        erased: Collection[str],
        *,
        is_expired: bool = False,
    ) -> Iterator[Finding]:
        """Yield everything that is wrong with one stored entry.

        `erased`: which of its fields an entry of an erasure covers. `is_expired`: an entry of a
        retention says that its content is over; then there must be none, and its hash stands.
        """
        if is_expired and not texts and self.entries.raw(row, "envelope") == b"":
            return
        bytes_ = self.entries.raw(row, "envelope")
        hashed = leaf_hash(bytes_) if isinstance(bytes_, bytes) else None
        if hashed is None or hashed != self.entries.raw(row, "leaf_hash"):
            yield self.finding(CHANGED, row)
        try:
            envelope = read_envelope(bytes_)
            entry = self.entries.read(row)
        except UnreadableRow as error:
            yield self.finding(f"{UNREADABLE}: {error}.", row)
            return
        if entry is None or not _says(entry, envelope, bytes_):
            yield self.finding("The entry's columns do not say what was recorded.", row)
        for one in texts:
            yield from self._text(one, envelope, row)
        left = {self.texts.field_of(one) for one in texts}
        for field in sorted(set(envelope.commitments) - left - set(erased)):
            yield self.finding(
                f"The text of the entry's field {field!r} is gone, and no erasure says so.", row
            )

    def finding(self, sentence: str, row: Stored) -> Finding:
        """Return a finding that names an entry, as far as it still has a name."""
        index = index_of(self.entries.raw(row, "leaf_index"))
        return Finding(sentence, index, self.entries.uuid(row, "id"))

    def _text(self, stored: Stored, envelope: Envelope, row: Stored) -> Iterator[Finding]:
        field = self.texts.field_of(stored)
        try:
            text = self.texts.open(stored)
            commitments.verify(
                envelope.commitments.get(field, ""), value=text.value, salt=text.salt
            )
        except UnreadText:
            self.n_unread += 1
        except NOT_READABLE:
            yield self.finding(f"The entry's field {field!r} is not what was recorded.", row)


def _says(entry: Entry, envelope: Envelope, stored: object) -> bool:
    try:
        stated = envelope_of(entry, facts=envelope.facts, committed=envelope.commitments)
        return canonical_bytes(stated) == stored
    except NOT_READABLE:
        return False


def _is_text_by_field(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
