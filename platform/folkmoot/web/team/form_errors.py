"""What is wrong with a form, in a sentence for each field."""

from collections.abc import Mapping
from dataclasses import dataclass

from folkmoot.kernel.errors import DomainError
from folkmoot.web.team.rule_words import RULE_NAMES

SENTENCES = {
    "slug": "Use lower-case letters, digits and single hyphens, at most 60; “new” is taken.",
    "title": "Give it a title of 1 to 200 characters, in one line.",
    "choices": "At least two different answers, one a line; for spans and boxes one is enough.",
    "instructions": "Say in a sentence or more how to answer.",
    "floor": "A whole number from 1 to 100.",
    "ceiling": "A whole number from 1 to 100, not below “At least”.",
    "confidence": "A share above 0, at most 1: 0.9 means 90 % sure.",
    "budget_labels": "A whole number, not below “At least”; or nothing for no limit.",
    "gold_share": "A share from 0 to 0.5: 0.1 means every tenth task.",
    "pay_minor": "A whole number of cents, 0 or more.",
    "pay_floor_minor": "A whole number of cents by the hour; or nothing. It needs a pay.",
    "currency": "Three capital letters, such as EUR.",
    "lease_seconds": "A whole number of seconds from 10 to 86 400.",
    "revision_seconds": "A whole number of seconds from 0 to 86 400.",
    "sensitive_per_day": "A whole number, or nothing. It needs a kind of content to count.",
    "break_after_minutes": "A whole number of minutes from 5 to 1440.",
    "session_cap_minutes": "A whole number of minutes from 5 to 1440; or nothing.",
    "training_questions": "A whole number from 0 to 100.",
    "training_pass_share": "A share above 0, at most 1: 0.8 means four of five.",
    "qualification_days": "A whole number of days, or nothing. It needs training questions.",
    "suggestion_share": "A share from 0 to 1: 0.8 shows it to four of five.",
    "group_fields": "One field a line; band edges are numbers, rising, with commas between.",
}
# What the refusal of a rule says by itself better than a sentence about the field.
_SAID_BEST = ("already", "cannot change", "cannot be lowered", "Answers were asked for")
# Two fields that contradict each other: whichever is meant, both are shown.
_CONTRADICTIONS = {"not lie below the floor": ("floor", "A whole number, not above “At most”.")}
_NAMES: Mapping[str, str] = {
    "title": "Title",
    "task_type": "Kind of answer",
    "question": "Question",
    "choices": "Answers",
    "settings": "Settings",
    "instructions": "Instructions",
    "slug": "Address",
    **RULE_NAMES,
}
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_OF_SCHEMA = dict.fromkeys(("choices", "points", "classes"), "choices") | {"question": "question"}


@dataclass(frozen=True)
class WrongPlace:
    """One field that is wrong, as the summary above the form names it and leads to it."""

    field: str
    name: str
    sentence: str


def wrong_places(errors: Mapping[str, str]) -> list[WrongPlace]:
    """Return the fields that are wrong, in the order of the form."""
    fields = sorted(errors.keys() - {"form"}, key=lambda field: (_place_of(field), field))
    return [WrongPlace(field, _name_of(field), errors[field]) for field in fields]


def _place_of(field: str) -> int:
    return _PLACES.get(field.split(".", maxsplit=1)[0], len(_PLACES))


def _name_of(field: str) -> str:
    rule, *pattern = field.split(".")
    name = _NAMES.get(rule, rule)
    return f"{name}: {pattern[0].replace('_', ' ')}" if pattern else name


def errors_of(refusal: DomainError) -> dict[str, str]:
    """Return a sentence for each field that is wrong; what concerns none stands under "form"."""
    if not refusal.fields:
        return {"form": refusal.message}
    found: dict[str, str] = {}
    for problem in refusal.fields:
        name = _field_of(problem.pointer)
        is_said = any(words in problem.message for words in _SAID_BEST)
        said = problem.message if is_said else SENTENCES.get(name, problem.message)
        found.setdefault(name, said)
        for words, (other, sentence) in _CONTRADICTIONS.items():
            if words in problem.message:
                found.setdefault(other, sentence)
    return found


def _field_of(pointer: str) -> str:
    parts = pointer.strip("/").split("/")
    if parts[0] != "answer_schema":
        return ".".join(parts) or "form"
    if len(parts) == 1:
        return "choices"
    return _OF_SCHEMA.get(parts[1], "settings")
