"""What a consensus run did, and what it says of annotators, in words."""

from collections.abc import Mapping

from pydantic import BaseModel

from crowd.models import ConsensusRun
from folkmoot.kernel.json_values import JsonObject
from folkmoot.web.team.wording import METHOD_NAMES

_PERCENT_TRAITS = {
    "finds": "finds {} of what is there",
    "invents": "sees {} of what is not",
    "hits": "picks {} of what applies",
    "slips": "picks {} of what does not",
    "pairs_right": "right on {} of the pairs",
    "likeness": "texts {} like those of others",
}

# A bias of less than this share of the spread is none that anybody would notice.
_HARDLY = 0.1


class _Told(BaseModel):
    """What a run keeps of how its confidence was corrected."""

    method: str = ""
    n_gold: int = 0
    fewest_gold: int = 0


def method_words(run: ConsensusRun) -> str:
    """Say by which method a run went."""
    return "the simple rule" if run.fallback else METHOD_NAMES.get(run.method, run.method)


def calibration_sentence(run: ConsensusRun) -> str:
    """Say how confidence was corrected by known answers; nothing of runs that did not keep it."""
    told = _Told.model_validate(run.calibration)
    tasks = "1 task" if told.n_gold == 1 else f"{told.n_gold:,} tasks"
    if told.method in {"temperature", "isotonic"}:
        return f"Confidence is corrected by {tasks} with known answers."
    if told.method == "conformal":
        return f"The limits are as wide as {tasks} with known answers ask for."
    if told.method != "none":
        return ""
    if told.n_gold < told.fewest_gold:
        return (
            "Confidence is as the model has it: correcting it takes "
            f"{told.fewest_gold} tasks with known answers, and there are {told.n_gold}."
        )
    return f"Confidence is as the model has it: {tasks} with known answers ask for no correction."


def what_sure_means(run: ConsensusRun) -> str:
    """Say of numbers how far off they may be and be right; nothing of other answers."""
    near = run.parameters.get("near_enough")
    return f"Sure of being off by no more than {near:.3g}." if isinstance(near, float) else ""


def trait_words(traits: JsonObject) -> list[str]:
    """Say what a model found of an annotator besides how often they are right."""
    numbers = {name: float(value) for name, value in traits.items() if isinstance(value, float)}
    shares = [
        words.format(f"{numbers[name]:.0%}".replace("%", "\u202f%"))
        for name, words in _PERCENT_TRAITS.items()
        if name in numbers
    ]
    return [*_of_numbers(numbers), *shares]


def _of_numbers(traits: Mapping[str, float]) -> list[str]:
    if "bias" not in traits:
        return []
    bias, spread = traits["bias"], traits["spread"]
    if abs(bias) < _HARDLY * spread:
        return [f"neither too high nor too low, give or take {spread:.3g}"]
    return [f"{abs(bias):.3g} too {'high' if bias > 0 else 'low'}, give or take {spread:.3g}"]
