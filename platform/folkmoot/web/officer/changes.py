"""What an entry says was one thing before and is another after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from audit.actions import Action
from audit.models import Entry
from audit.searching import entry_before
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.officer.sentences import readable, words_of
from folkmoot.web.officer.telling import facts_of

BEFORE, AFTER = "before", "after"
# What it is that changed as a whole.
WHOLES = {
    Action.ACCOUNT_ROLES_CHANGED: "Roles",
    Action.GOLD_CHANGED: "Known answer",
    Action.LABEL_REVISED: "Answer",
    Action.PROJECT_STATE_CHANGED: "State",
    Action.REVIEW_OVERRIDDEN: "Answer",
    Action.REVIEW_REVERSED: "Answer",
    Action.STANDING_CHANGED: "Standing",
}


@dataclass(frozen=True)
class Change:
    """One field before and after; None where it was or is nothing."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Changes:
    """What changed; where the entry before tells what was, its number and address too."""

    rows: Sequence[Change]
    earlier_url: str | None = None
    earlier_index: int | None = None


NONE = Changes(())


def changes_of(uow: UnitOfWork, entry: Entry, facts: JsonObject) -> Changes:
    """Return what changed, by the entry's own facts, else by those of the same act before it."""
    if BEFORE in facts and AFTER in facts:
        whole = WHOLES.get(entry.action, "Value")
        return Changes(list(_told(whole, facts[BEFORE], facts[AFTER])))
    earlier = entry_before(uow, entry)
    if earlier is None or not earlier.envelope or not entry.envelope:
        return NONE
    rows = list(_differences(facts_of(earlier), facts))
    if not rows:
        return NONE
    return Changes(rows, url_for("officer.entry", entry_id=earlier.id), earlier.leaf_index)


def _told(whole: str, before: Json, after: Json) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _differences(before, after)
    elif before != after:
        yield Change(whole, _text(before), _text(after))


def _differences(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[Change]:
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            yield Change(readable(name), _text(before.get(name)), _text(after.get(name)))


def _text(value: Json) -> str | None:
    return None if value is None else words_of(value)
