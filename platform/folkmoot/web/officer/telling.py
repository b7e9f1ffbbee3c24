"""Entries of the log as lines that people read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for
from pydantic import TypeAdapter

from audit.actions import Action
from audit.models import Entry
from folkmoot.identity.naming import names_of
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.sentences import Told, readable, sentence_of
from governance.naming import subject_names

FACTS: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)


@dataclass(frozen=True)
class EntryLine:
    """One entry as a line of a list; `index` is None until it is sealed."""

    id: str
    index: int | None
    at: datetime
    sentence: str
    action: str
    url: str
    actor: str
    subject: str


def lines_of(uow: UnitOfWork, entries: Sequence[Entry]) -> list[EntryLine]:
    """Tell entries as sentences, with the names of everyone in them."""
    actors = names_of(uow, {entry.actor_id for entry in entries})
    accounts = {entry.subject_id for entry in entries if entry.subject_type == "account"}
    subjects = {
        **subject_names(uow, {(entry.subject_type, entry.subject_id) for entry in entries}),
        **names_of(uow, accounts),
    }
    return [
        _line(entry, actors[entry.actor_id], subjects.get(entry.subject_id) or _nameless(entry))
        for entry in entries
    ]


def facts_of(entry: Entry) -> JsonObject:
    """Return the facts that an entry's envelope holds."""
    return FACTS.validate_python(json.loads(entry.envelope or b'{"facts": {}}')["facts"])


def action_words(action: Action) -> str:
    """Return an action as people read it in a list of choices."""
    kind, what = action.value.split(".")
    return f"{readable(kind).capitalize()}: {readable(what)}"


def _line(entry: Entry, actor: str, subject: str) -> EntryLine:
    return EntryLine(
        id=str(entry.id),
        index=entry.leaf_index,
        at=entry.recorded_at,
        sentence=sentence_of(entry.action, Told(actor, subject, facts_of(entry))),
        action=entry.action.value,
        url=url_for("officer.entry", entry_id=entry.id),
        actor=actor,
        subject=subject,
    )


def _nameless(entry: Entry) -> str:
    return f"{readable(entry.subject_type)} {_short(entry.subject_id)}"


def _short(subject_id: UUID) -> str:
    return f"…{subject_id.hex[-6:]}"
