"""What consensus runs made of a task: answer, how sure, the chances of all else, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowd.models import Project
from crowd.task_stories import ConsensusStory
from crowd.task_types import NominalKind, task_type_of
from crowd.task_types.marked_parts import MarkedParts
from crowd.task_types.multiple_choice import MultipleChoice
from folkmoot.kernel.json_values import Json
from folkmoot.web.team.consensus_words import (
    calibration_sentence,
    method_words,
    what_sure_means,
)
from folkmoot.web.team.project_figures import Step


@dataclass(frozen=True)
class Agreed:
    """What one run made of the task.

    limits: between which a number lies, in words; notes: how the run came to its confidence.
    """

    answer_label: str
    confidence: float
    method: str
    run_number: int
    limits: str
    notes: Sequence[str]


def agreed_of(project: Project, story: ConsensusStory) -> Agreed:
    """Say what one run made of a task."""
    found, run, kind = story.consensus, story.run, task_type_of(project.task_type)
    schema = project.answer_schema
    limits = ""
    if found.low is not None and found.high is not None:
        limits = f"{found.low:.4g} and {kind.text_of(schema, float(f'{found.high:.4g}'))}"
    notes = (run.fallback, what_sure_means(run), calibration_sentence(run))
    return Agreed(
        answer_label=kind.text_of(schema, found.answer),
        confidence=found.confidence,
        method=method_words(run),
        run_number=run.number,
        limits=limits,
        notes=[note for note in notes if note],
    )


def chances_of(project: Project, consensus: Sequence[ConsensusStory]) -> list[Step]:
    """Return what the newest run's chances are of, with each of them."""
    if not consensus:
        return []
    newest = consensus[0].consensus
    # Choices that were added since the run are none of its classes.
    shares = zip(_possible(project, newest.answer), newest.posterior, strict=False)
    return [Step(words, newest.n_labels, share) for words, share in shares]


def _possible(project: Project, answer: Json) -> list[str]:
    """Return the words of every class, of every choice, or of every part of an answer."""
    kind, schema = task_type_of(project.task_type), project.answer_schema
    if isinstance(kind, NominalKind):
        return [kind.text_of(schema, kind.answer_of(name)) for name in kind.classes(schema)]
    if isinstance(kind, MultipleChoice):
        return [kind.text_of(schema, [choice]) for choice in kind.choices(schema)]
    if isinstance(kind, MarkedParts):
        return [kind.place_of(schema, part) for part in kind.parts_of(answer)]
    return []
