"""A consensus run as pure computation: labels in, answers with their confidence out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from audit.canonical import digest
from crowd.aggregation import (
    Aggregator,
    Agreement,
    DawidSkene,
    LabelMatrix,
    MajorityVote,
    krippendorff_alpha,
)
from folkmoot.kernel.errors import Conflict, InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject

# Enough for any use, and few enough that the order of additions does not show.
_DIGITS = 10

METHODS: dict[str, type[Aggregator]] = {"majority": MajorityVote, "dawid_skene": DawidSkene}


@dataclass(frozen=True)
class ConsensusProblem:
    """What one run aggregates.

    labels: (task, annotator, class) of every current label of the crowd.
    known: class of the tasks that gold or an expert has answered; held fixed.
    by_experts_alone: those of them that the crowd never labelled, with their labels' number.
    """

    run_id: UUID
    method: str
    classes: tuple[str, ...]
    labels: tuple[tuple[str, str, str], ...]
    known: Mapping[str, str]
    by_experts_alone: Mapping[str, int]
    labels_saved: int


@dataclass(frozen=True)
class TaskConsensus:
    """The class of one task, and the probability of each."""

    task: str
    class_name: str
    confidence: float
    posterior: tuple[float, ...]
    n_labels: int


@dataclass(frozen=True)
class AnnotatorEstimate:
    """How reliable one annotator was found to be, with 95 % limits."""

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


def check_method(method: str) -> None:
    """Raise InvalidInput for a method that is not known."""
    if method not in METHODS:
        raise InvalidInput(f"The method must be one of: {', '.join(METHODS)}.")


def solve(problem: ConsensusProblem) -> ConsensusSolution:
    """Aggregate the labels; the same problem always has the same solution, byte for byte."""
    if not problem.labels:
        raise Conflict("Nobody has labelled a task of this project yet.")
    matrix = LabelMatrix.from_labels(problem.labels, classes=problem.classes)
    fitted = METHODS[problem.method]().fit(matrix, known=matrix.known_indices(problem.known))
    tasks = [*_labelled(matrix, fitted), *_by_experts_alone(problem)]
    return ConsensusSolution(
        method_name=fitted.name,
        method_version=fitted.version,
        parameters=fitted.parameters(),
        input_digest=_input_digest(problem, matrix),
        tasks=tuple(sorted(tasks, key=lambda task: task.task)),
        annotators=_estimates(matrix, fitted),
        n_labels=matrix.n_labels + sum(problem.by_experts_alone.values()),
        iterations=int(fitted.n_iterations_),
        converged=bool(fitted.converged_),
        agreement=krippendorff_alpha(matrix),
    )


def _labelled(matrix: LabelMatrix, fitted: Aggregator) -> list[TaskConsensus]:
    counts = matrix.labels_per_task
    return [
        TaskConsensus(
            task=name,
            class_name=matrix.class_names[int(fitted.labels_[index])],
            confidence=_rounded(fitted.confidence_[index]),
            posterior=_all_rounded(fitted.posterior_[index]),
            n_labels=int(counts[index]),
        )
        for index, name in enumerate(matrix.task_names)
    ]


def _by_experts_alone(problem: ConsensusProblem) -> list[TaskConsensus]:
    return [
        TaskConsensus(
            task=task,
            class_name=problem.known[task],
            confidence=1.0,
            posterior=tuple(float(name == problem.known[task]) for name in problem.classes),
            n_labels=n_labels,
        )
        for task, n_labels in problem.by_experts_alone.items()
    ]


def _estimates(matrix: LabelMatrix, fitted: Aggregator) -> tuple[AnnotatorEstimate, ...]:
    counts = matrix.labels_per_annotator
    return tuple(
        AnnotatorEstimate(
            annotator=name,
            reliability=_rounded(fitted.reliability_[index]),
            low=_rounded(fitted.reliability_low_[index]),
            high=_rounded(fitted.reliability_high_[index]),
            n_labels=int(counts[index]),
            confusion=tuple(_all_rounded(row) for row in fitted.confusion_[index]),
        )
        for index, name in enumerate(matrix.annotator_names)
    )


def _input_digest(problem: ConsensusProblem, matrix: LabelMatrix) -> str:
    known: JsonObject = dict(problem.known)
    alone: JsonObject = dict(problem.by_experts_alone)
    return digest({"labels": matrix.digest(), "known": known, "by_experts_alone": alone})


def _rounded(number: float) -> float:
    return round(float(number), _DIGITS)


def _all_rounded(numbers: Sequence[float]) -> tuple[float, ...]:
    return tuple(_rounded(number) for number in numbers)


def _plain(value: object) -> Json:
    """Turn tuples into lists, which is what JSON has."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str | int | float):
        return value
    return None
