"""What was noticed and what follows, in the words that the annotator reads."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from crowd.models import Pattern, WatchAction
from folkmoot.kernel.json_values import JsonObject

_FOLLOWS: Mapping[WatchAction, str] = MappingProxyType(
    {
        WatchAction.WARN: "You can go on; this is only to let you know.",
        WatchAction.RETRAIN: "Please do the training of this project once more, then go on.",
        WatchAction.REVIEW: "A person will look at it; you can go on meanwhile.",
        WatchAction.PAUSE: "A person looks at it before you can go on.",
    }
)
_HOW_TO_OBJECT = (
    "There may be good reasons: write them on your page under “What was noticed”, and a person "
    "reads them. What you have earned stays yours."
)


def sentence_of(pattern: Pattern, action: WatchAction, evidence: JsonObject) -> str:
    """Say to the annotator what was noticed, what follows, and how to object."""
    return f"{noticed(pattern, evidence)} {_FOLLOWS[action]} {_HOW_TO_OBJECT}"


def noticed(pattern: Pattern, evidence: JsonObject, *, whose: str = "your") -> str:
    """Say in one sentence what was noticed of somebody's answers."""
    return _NOTICED[pattern](evidence, whose)


def _too_fast(evidence: JsonObject, whose: str) -> str:
    seconds = _number(evidence, "seconds")
    took = "less than a second" if seconds == 1 else f"less than {seconds:g} seconds"
    return f"Each of {whose} last {_number(evidence, 'run'):g} answers took {took}."


def _constant(evidence: JsonObject, whose: str) -> str:
    share = _number(evidence, "share_of_this_answer")
    return (
        f"The last {_number(evidence, 'run'):g} of {whose} answers were all the same; in this "
        f"project that answer is right for about {share:.0%} of the tasks."
    )


def _failing_gold(evidence: JsonObject, whose: str) -> str:
    checked, right = _number(evidence, "checked"), _number(evidence, "right")
    differ = f"{checked - right:g} differ from the known ones"
    return f"Of {whose} last {checked:g} checked answers, {differ}."


def _copied(evidence: JsonObject, whose: str) -> str:
    return (
        f"In {_number(evidence, 'same'):g} of {_number(evidence, 'shared'):g} checked tasks where "
        f"{whose} answer and another annotator’s both differ from the known one, they are the "
        f"same; by chance it would be about {_number(evidence, 'expected'):.0f}."
    )


def _number(evidence: JsonObject, name: str) -> float:
    value = evidence.get(name)
    return value if isinstance(value, int | float) else 0


_NOTICED: Mapping[Pattern, Callable[[JsonObject, str], str]] = MappingProxyType(
    {
        Pattern.TOO_FAST: _too_fast,
        Pattern.CONSTANT: _constant,
        Pattern.FAILING_GOLD: _failing_gold,
        Pattern.COPIED: _copied,
    }
)
