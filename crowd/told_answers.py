"""How answers enter the log: as facts, unless they are somebody's own words.

A leaf is for ever, and words may speak of anybody: of those it holds a commitment.
"""

from typing import NamedTuple

from crowd.models import TaskType
from crowd.task_types import task_type_of
from folkmoot.kernel.json_values import JsonObject

__all__ = ["NOTHING_TOLD", "ToldAnswers", "tell_answers"]


class ToldAnswers(NamedTuple):
    """What an entry says of answers, and what it only commits to."""

    facts: JsonObject
    personal: dict[str, str]


NOTHING_TOLD = ToldAnswers({}, {})


def tell_answers(task_type: TaskType, answers: JsonObject) -> ToldAnswers:
    """Return how an entry tells of named answers; that there is none is no secret."""
    if not task_type_of(task_type).is_free_text:
        return ToldAnswers(answers, {})
    absent: JsonObject = {name: None for name, answer in answers.items() if answer is None}
    words = {name: str(answer) for name, answer in answers.items() if answer is not None}
    return ToldAnswers(absent, words)
