"""What a consensus run is given, and what it finds: values without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple
from uuid import UUID

from audit.canonical import digest
from crowd.aggregation import Agreement
from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.reliability import Reliabilities
from crowd.models import TaskType
from folkmoot.kernel.json_values import Json, JsonObject

# Enough for any use, and few enough that the order of additions does not show.
_DIGITS = 10


class UnfitError(Exception):
    """A crowd that a model cannot be fitted to; says why in a sentence for the run's page."""


class Prediction(NamedTuple):
    """What a model said of a task without having learned from its labels, and how sure it was."""

    answer: Json
    probability: float


@dataclass(frozen=True)
class ConsensusProblem:
    """What one run aggregates.

    labels: (task, annotator, answer) of every current label of the crowd.
    known: answer of the tasks that gold or an expert has answered; held fixed.
    by_experts_alone: those of them that the crowd never labelled, with their labels' number.
    gold: the tasks whose known answer is gold, chosen by nobody for being doubtful.
    material: what of a task's payload its answers speak of, where a method needs it.
    predictions: what models said of tasks.
    compared: what annotators' records held, as (agreed, compared), before the labels were read.
    """

    run_id: UUID
    method: str
    task_type: TaskType
    schema: JsonObject
    labels: tuple[tuple[str, str, Json], ...]
    known: Mapping[str, Json]
    by_experts_alone: Mapping[str, int]
    labels_saved: int
    gold: frozenset[str] = frozenset()
    material: Mapping[str, Json] = field(default_factory=dict)
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    compared: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskConsensus:
    """The answer to one task, with the chance that it is right.

    posterior: chance of each class, of each choice to be picked, or of each part of the answer
        to be there, in its order; empty where an answer has none of them.
    low, high: 95 % limits of a number.
    """

    task: str
    answer: Json
    confidence: float
    posterior: tuple[float, ...]
    n_labels: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class AnnotatorEstimate:
    """How reliable one annotator was found to be, with 95 % limits.

    confusion: probability of each label given the true class; empty where there are no classes.
    traits: what else a model says of the annotator, by name.
    """

    annotator: str
    reliability: float
    low: float
    high: float
    n_labels: int
    confusion: tuple[tuple[float, ...], ...]
    traits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ConsensusSolution:
    """What a run found, and what is needed to find it again.

    method_name: the algorithm that ran, which may be simpler than the one asked for.
    fallback: why it did, in a sentence; empty where it did not.
    calibration: how confidence was corrected by gold, or that it was not.
    """

    method_name: str
    method_version: str
    parameters: Mapping[str, Json]
    input_digest: str
    tasks: tuple[TaskConsensus, ...]
    annotators: tuple[AnnotatorEstimate, ...]
    n_labels: int
    iterations: int
    converged: bool
    agreement: Agreement
    fallback: str = ""
    calibration: JsonObject = field(default_factory=dict)

    @property
    def result_digest(self) -> str:
        """Return the SHA-256 of all answers and estimates."""
        return digest(
            {
                "tasks": [_plain(asdict(task)) for task in self.tasks],
                "annotators": [_plain(asdict(annotator)) for annotator in self.annotators],
            }
        )


def digest_of_input(problem: ConsensusProblem, labels: Json = None) -> str:
    """Return the SHA-256 of all that a solution depends on; `labels` may stand for the labels."""
    if labels is None:
        given = sorted(problem.labels, key=lambda label: label[:2])
        labels = [[*label] for label in given]
    known: JsonObject = dict(problem.known)
    alone: JsonObject = dict(problem.by_experts_alone)
    covered: JsonObject = {
        "labels": labels,
        "known": known,
        "by_experts_alone": alone,
        "gold": [*sorted(problem.gold)],
    }
    if problem.material:
        covered["material"] = dict(problem.material)
    if problem.predictions:
        covered["predictions"] = {task: [*one] for task, one in problem.predictions.items()}
    return digest(covered)


def annotator_estimates(
    names: Sequence[str],
    reliabilities: Reliabilities,
    counts: Mapping[str, int],
    *,
    confusion: FloatArray | None = None,
    traits: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[AnnotatorEstimate, ...]:
    """Return what was found of each annotator.

    reliabilities: in the order of the names.
    counts: labels of each annotator, by name.
    confusion: shape (n_annotators, n_classes, n_classes); None where there are no classes.
    traits: what else a model says, by annotator and by its name.
    """
    return tuple(
        AnnotatorEstimate(
            annotator=name,
            reliability=rounded(mean),
            low=rounded(low),
            high=rounded(high),
            n_labels=counts[name],
            confusion=() if confusion is None else tuple(map(all_rounded, confusion[index])),
            traits={trait: rounded(value) for trait, value in (traits or {}).get(name, {}).items()},
        )
        for index, (name, mean, low, high) in enumerate(zip(names, *reliabilities, strict=True))
    )


def rounded(number: float) -> float:
    """Return a number without the digits in which the order of additions might show."""
    return round(float(number), _DIGITS)


def all_rounded(numbers: Sequence[float]) -> tuple[float, ...]:
    """Return numbers without the digits in which the order of additions might show."""
    return tuple(rounded(number) for number in numbers)


def _plain(value: object) -> Json:
    """Turn tuples into lists, which is what JSON has."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str | int | float):
        return value
    return None
