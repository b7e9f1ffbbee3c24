"""What a consensus run is given, and what it finds: values without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from audit.canonical import digest
from crowd.aggregation import Agreement
from crowd.models import TaskType
from folkmoot.kernel.json_values import Json, JsonObject

# Enough for any use, and few enough that the order of additions does not show.
_DIGITS = 10


@dataclass(frozen=True)
class ConsensusProblem:
    """What one run aggregates.

    labels: (task, annotator, answer) of every current label of the crowd.
    known: answer of the tasks that gold or an expert has answered; held fixed.
    by_experts_alone: those of them that the crowd never labelled, with their labels' number.
    """

    run_id: UUID
    method: str
    task_type: TaskType
    schema: JsonObject
    labels: tuple[tuple[str, str, Json], ...]
    known: Mapping[str, Json]
    by_experts_alone: Mapping[str, int]
    labels_saved: int


@dataclass(frozen=True)
class TaskConsensus:
    """The answer to one task; the posterior of each class, where answers have classes."""

    task: str
    answer: Json
    confidence: float
    posterior: tuple[float, ...]
    n_labels: int


@dataclass(frozen=True)
class AnnotatorEstimate:
    """How reliable one annotator was found to be, with 95 % limits.

    confusion: probability of each label given the true class; empty where there are no classes.
    """

    annotator: str
    reliability: float
    low: float
    high: float
    n_labels: int
    confusion: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ConsensusSolution:
    """What a run found, and what is needed to find it again."""

    method_name: str
    method_version: str
    parameters: Mapping[str, float]
    input_digest: str
    tasks: tuple[TaskConsensus, ...]
    annotators: tuple[AnnotatorEstimate, ...]
    n_labels: int
    iterations: int
    converged: bool
    agreement: Agreement

    @property
    def result_digest(self) -> str:
        """Return the SHA-256 of all answers and estimates."""
        return digest(
            {
                "tasks": [_plain(asdict(task)) for task in self.tasks],
                "annotators": [_plain(asdict(annotator)) for annotator in self.annotators],
            }
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
