"""The rules of a project in words, and a change of them as people read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crowd.models import WatchAction
from crowd.watching import OFF
from folkmoot.kernel.json_values import Json
from folkmoot.web.officer.sentences import readable, words_of

RULE_NAMES = {
    "title": "Title",
    "task_type": "Kind of answer",
    "answer_schema": "What is asked",
    "floor": "Answers a task, at least",
    "ceiling": "Answers a task, at most",
    "confidence": "Confident enough at",
    "consensus_every": "Consensus after so many new labels",
    "consensus_at_close": "Consensus when the project closes",
    "budget_labels": "Labels in all, at most",
    "lease_seconds": "Seconds to answer",
    "revision_seconds": "Seconds to change an answer",
    "pay_minor": "Pay per task, in cents",
    "currency": "Currency",
    "pay_floor_minor": "An hour comes to at least, in cents",
    "content_flags": "What the tasks may show",
    "sensitive_per_day": "Sensitive tasks a day, at most",
    "break_after_minutes": "Suggest a break after, minutes",
    "session_cap_minutes": "End a sitting after, minutes",
    "training_questions": "Training tasks",
    "training_pass_share": "Right answers to pass",
    "qualification_days": "Passed for, days",
    "gold_share": "Share of checked tasks",
    "watch": "Patterns",
    "suggestion_share": "Suggestions shown to a share of",
    "group_fields": "Compare groups by",
}
WATCH_ACTIONS: Mapping[str, str] = {
    OFF: "do not watch for it",
    WatchAction.WARN.value: "warn",
    WatchAction.PAUSE.value: "pause, and say why",
    WatchAction.RETRAIN.value: "ask for training again",
    WatchAction.REVIEW.value: "ask a person to look",
}


@dataclass(frozen=True)
class RuleChange:
    """One rule before and after."""

    rule: str
    before: str
    after: str


def changes_in(facts: Mapping[str, Json]) -> list[RuleChange]:
    """Return what an entry of the log says was one thing before and another after."""
    before, after = facts.get("before"), facts.get("after")
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return []
    return [
        change
        for name in after
        for change in _changes(RULE_NAMES.get(name, readable(name)), before.get(name), after[name])
    ]


def _changes(rule: str, before: Json, after: Json) -> Iterator[RuleChange]:
    """Yield what differs; of an object only the fields that do."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            part = f"{rule}: {readable(name)}"
            yield from _changes(part, before.get(name), after.get(name))
        return
    yield RuleChange(rule, _words(before), _words(after))


def _words(value: Json) -> str:
    if value in (None, "", []):
        return "none"
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value)
    if isinstance(value, dict) and "value" in value:
        return str(value.get("label") or value["value"])
    return words_of(value)
