"""Delete texts with their salts, and keep what says that they were erased.

The one place that removes a text. Both an erasure on request and retention end here: each records
an entry that says how many texts went and the digest of which, so that a check can tell a text
that was erased from one that was merely removed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.actions import Action
from audit.models import Disclosure, Entry, ErasedText
from audit.stored_texts import digest_of_texts
from audit.tables import DISCLOSURE, ENTRY
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "Erasable",
    "Text",
    "Traces",
    "gather",
    "mark_erased",
    "remove_texts",
    "tables_of",
    "texts",
    "texts_of_people",
]

AT_ONCE = 500


@dataclass(frozen=True)
class Text:
    """One personal text: which field of which entry, whose, and what the entry records."""

    entry_id: UUID
    field: str
    person_id: UUID
    project_id: UUID | None
    action: Action
    actor_id: UUID
    recorded_at: datetime


@dataclass(frozen=True)
class Traces:
    """Under which ids a person is known, in which projects, and in which stored files."""

    people: frozenset[UUID]
    projects: frozenset[UUID] = frozenset()
    files: frozenset[str] = frozenset()

    def __or__(self, other: "Traces") -> "Traces":
        """Return both."""
        return Traces(
            self.people | other.people, self.projects | other.projects, self.files | other.files
        )


class Erasable(Protocol):
    """What a domain keeps of people beside the log, and how it forgets them."""

    @property
    def tables(self) -> frozenset[str]:
        """Return the tables in which texts of people are, for the database to write anew."""

    def traces(self, uow: UnitOfWork, people: frozenset[UUID]) -> Traces:
        """Return what else is known of these people, who are one person."""

    def erase(
        self, uow: UnitOfWork, actor: Actor, people: frozenset[UUID], *, keeps_identity: bool
    ) -> Mapping[str, int]:
        """Erase every personal text of one person; return how many values, by `table.column`.

        `keeps_identity`: the name of somebody who answers for what they decided stays.
        """

    def expire(self, uow: UnitOfWork, entries: Sequence[Entry]) -> Mapping[str, int]:
        """Erase the texts that these entries were made of: their time is over."""


def tables_of(erasables: Sequence[Erasable]) -> frozenset[str]:
    """Return every table in which something is erased, the log's own too."""
    own = frozenset(
        {"audit_disclosure", "audit_entry", "audit_erasure_request", "audit_subject_key"}
    )
    return own.union(*(one.tables for one in erasables))


def gather(uow: UnitOfWork, erasables: Sequence[Erasable], person_id: UUID) -> Traces:
    """Return all that the domains know of a person, each told what the others found."""
    found = Traces(frozenset({person_id}))
    while True:
        more = found
        for erasable in erasables:
            more |= erasable.traces(uow, more.people)
        if more.people == found.people:
            return more
        found = more


def texts_of_people(uow: UnitOfWork, people: Collection[UUID]) -> list[Text]:
    """Return every text of one person that is still there."""
    statement = texts().where(DISCLOSURE.c.person_id.in_(people))
    return [Text(**row._mapping) for row in uow.connection.execute(statement)]


def texts() -> sa.Select[tuple[UUID, str, UUID, UUID | None, Action, UUID, datetime]]:
    """Select the fields of `Text`, for a caller to say which."""
    return (
        sa.select(
            DISCLOSURE.c.entry_id,
            DISCLOSURE.c.field,
            DISCLOSURE.c.person_id,
            ENTRY.c.project_id,
            ENTRY.c.action,
            ENTRY.c.actor_id,
            ENTRY.c.recorded_at,
        )
        .join(ENTRY, ENTRY.c.id == DISCLOSURE.c.entry_id)
        .order_by(DISCLOSURE.c.entry_id, DISCLOSURE.c.field)
    )


def remove_texts(uow: UnitOfWork, texts: Iterable[Text]) -> JsonObject:
    """Delete these texts; return the facts by which a check will know them."""
    removed = [(one.entry_id, one.field) for one in texts]
    for start in range(0, len(removed), AT_ONCE):
        pairs = sa.tuple_(col(Disclosure.entry_id), col(Disclosure.field))
        uow.session.exec(sa.delete(Disclosure).where(pairs.in_(removed[start : start + AT_ONCE])))
    return {"n_texts": len(removed), "texts_digest": digest_of_texts(removed)}


def mark_erased(uow: UnitOfWork, texts: Iterable[Text], *, erasure_id: UUID) -> None:
    """Keep which texts an entry of an erasure is about: ids and fields, and nobody's name."""
    uow.session.add_all(
        ErasedText(entry_id=one.entry_id, field=one.field, erasure_id=erasure_id) for one in texts
    )
    uow.session.flush()
