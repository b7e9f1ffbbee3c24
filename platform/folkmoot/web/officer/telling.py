"""Entries of the log as lines that people read."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for
from pydantic import TypeAdapter

from audit.actions import Action
from audit.models import Entry
from audit.protected_reads import SUBJECT as ENTRY
from audit.searching import indices_of
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
        **_numbers(uow, [entry.subject_id for entry in entries if entry.subject_type == ENTRY]),
    }
    return [
        _line(entry, actors[entry.actor_id], subjects.get(entry.subject_id) or _nameless(entry))
        for entry in entries
    ]


def _numbers(uow: UnitOfWork, entry_ids: Collection[UUID]) -> dict[UUID, str]:
    """Name those entries that are told of by others and have a number."""
    numbers = indices_of(uow, entry_ids) if entry_ids else {}
    return {one: f"entry {index:,}" for one, index in numbers.items()}


def facts_of(entry: Entry) -> JsonObject:
    """Return the facts that an entry's envelope holds."""
    return FACTS.validate_python(json.loads(entry.envelope or b'{"facts": {}}')["facts"])


def action_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return every action for a list of choices, by kind, each kind as a whole first."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for action in sorted(Action, key=str):
        kind, what = action.value.split(".")
        kinds.setdefault(kind, []).append((action.value, readable(what).capitalize()))
    return [
        (readable(kind).capitalize(), [(f"{kind}.*", f"{readable(kind).capitalize()}: any"), *rest])
        for kind, rest in kinds.items()
    ]


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
