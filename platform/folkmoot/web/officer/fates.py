"""What becomes of decisions, as the officer's pages name and colour it."""

from collections.abc import Collection
from dataclasses import dataclass

from governance.models import DecisionState

OVERDUE = "overdue"


@dataclass(frozen=True)
class Fate:
    """One thing that becomes of decisions: its states, and how a sentence says it."""

    states: frozenset[DecisionState]
    words: str


FATES = {
    "released": Fate(frozenset({DecisionState.RELEASED}), "released without a human"),
    "confirmed": Fate(frozenset({DecisionState.CONFIRMED}), "that a human confirmed"),
    # What was reversed was changed by a human as well, only later.
    "overridden": Fate(
        frozenset({DecisionState.OVERRIDDEN, DecisionState.REVERSED}), "that a human changed"
    ),
    "disregarded": Fate(frozenset({DecisionState.DISREGARDED}), "that a human set aside"),
    "waiting": Fate(frozenset({DecisionState.HELD}), "that wait for a human"),
}
FATE_OF = {state: name for name, fate in FATES.items() for state in fate.states}


def states_of(fate: str) -> Collection[DecisionState] | None:
    """Return the states of a fate, or None where it is none that narrows a search."""
    return FATES[fate].states if fate in FATES else None
