"""What the log says became of each decision: its last entry decides, not the decision's row."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from audit.actions import Action
from audit.entry_check import read_envelope
from audit.models import Entry
from audit.stored_rows import Stored, StoredTable, UnreadableRow, index_of, stored_rows
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.facts import moment_text
from governance.models import Decision, DecisionState
from governance.review.acting import ENTRY_OF, STATE_AFTER

MADE = frozenset({Action.DECISION_RELEASED, Action.DECISION_HELD})
REVIEWED = frozenset(ENTRY_OF.values())
STATE_BY_ACTION = {
    Action.DECISION_RELEASED: DecisionState.RELEASED,
    Action.DECISION_HELD: DecisionState.HELD,
    **{ENTRY_OF[act]: state for act, state in STATE_AFTER.items()},
}


@dataclass(frozen=True)
class Standing:
    """Where a decision stands: its state, its outcome, and since when it is settled."""

    state: str
    outcome: Json
    settled_at: str | None


@dataclass(frozen=True)
class Effect:
    """Where a decision stands since an entry; `standing` is None where that cannot be read."""

    standing: Standing | None
    entry_id: UUID | None
    leaf_index: int | None


def standing_of(decision: Decision) -> Standing:
    """Return where a decision stands by its row."""
    settled = moment_text(decision.settled_at) if decision.settled_at else None
    return Standing(decision.state.value, decision.outcome, settled)


def effects_in_log(uow: UnitOfWork) -> dict[UUID, Effect]:
    """Return the effect of each decision's last entry, by the decision's id."""
    table = StoredTable(uow, Entry)
    effects: dict[UUID, Effect] = {}
    for row in _entries(uow, table):
        decision_id = table.uuid(row, "subject_id")
        if decision_id is not None:
            effects[decision_id] = Effect(
                standing=_standing_after(table, row),
                entry_id=table.uuid(row, "id"),
                leaf_index=index_of(table.raw(row, "leaf_index")),
            )
    return effects


def _entries(uow: UnitOfWork, table: StoredTable[Entry]) -> Iterator[Stored]:
    index = col(Entry.leaf_index)
    columns = table.columns("id", "action", "subject_id", "leaf_index", "envelope")
    wanted = table.column("action").in_([one.value for one in STATE_BY_ACTION])
    # What is not sealed yet came after all that is.
    ordered = sa.select(*columns).where(wanted).order_by(index.is_(None), index, col(Entry.id))
    return stored_rows(uow, ordered)


def _standing_after(table: StoredTable[Entry], row: Stored) -> Standing | None:
    action = Action(str(table.raw(row, "action")))
    try:
        facts = read_envelope(table.raw(row, "envelope")).facts
        return _standing_by(action, facts)
    except (UnreadableRow, KeyError):
        return None


def _standing_by(action: Action, facts: JsonObject) -> Standing:
    state = STATE_BY_ACTION[action].value
    if action is Action.DECISION_HELD:
        return Standing(state, None, None)
    outcome = facts["proposed"] if action is Action.DECISION_RELEASED else facts["after"]
    return Standing(state, outcome, str(facts["decided_at"]))
