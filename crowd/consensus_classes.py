"""Consensus for answers that fall into classes, by any algorithm of `crowd.aggregation`."""

from audit.canonical import digest
from crowd.aggregation import Aggregator, LabelMatrix, krippendorff_alpha
from crowd.consensus_problem import (
    AnnotatorEstimate,
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    all_rounded,
    rounded,
)
from crowd.task_types import NominalKind
from folkmoot.kernel.json_values import JsonObject


def solve_by_classes(
    problem: ConsensusProblem, kind: NominalKind, algorithm: Aggregator
) -> ConsensusSolution:
    """Aggregate the classes of the labels; the same problem has the same solution."""
    known = {task: kind.class_of(answer) for task, answer in problem.known.items()}
    matrix = LabelMatrix.from_labels(
        [(task, annotator, kind.class_of(answer)) for task, annotator, answer in problem.labels],
        classes=kind.classes(problem.schema),
    )
    fitted = algorithm.fit(matrix, known=matrix.known_indices(known))
    tasks = [*_labelled(problem, kind, matrix, fitted), *_by_experts_alone(problem, kind)]
    return ConsensusSolution(
        method_name=fitted.name,
        method_version=fitted.version,
        parameters=fitted.parameters(),
        input_digest=_input_digest(problem, matrix, known),
        tasks=tuple(sorted(tasks, key=lambda task: task.task)),
        annotators=_estimates(matrix, fitted),
        n_labels=matrix.n_labels + sum(problem.by_experts_alone.values()),
        iterations=int(fitted.n_iterations_),
        converged=bool(fitted.converged_),
        agreement=krippendorff_alpha(matrix),
    )


def _labelled(
    problem: ConsensusProblem, kind: NominalKind, matrix: LabelMatrix, fitted: Aggregator
) -> list[TaskConsensus]:
    counts = matrix.labels_per_task
    found = []
    for index, name in enumerate(matrix.task_names):
        posterior = all_rounded(fitted.posterior_[index])
        leading = kind.leading(problem.schema, posterior)
        answer = kind.answer_of(matrix.class_names[leading])
        found.append(TaskConsensus(name, answer, posterior[leading], posterior, int(counts[index])))
    return found


def _by_experts_alone(problem: ConsensusProblem, kind: NominalKind) -> list[TaskConsensus]:
    classes = kind.classes(problem.schema)
    return [
        TaskConsensus(
            task=task,
            answer=problem.known[task],
            confidence=1.0,
            posterior=tuple(float(name == kind.class_of(problem.known[task])) for name in classes),
            n_labels=n_labels,
        )
        for task, n_labels in problem.by_experts_alone.items()
    ]


def _estimates(matrix: LabelMatrix, fitted: Aggregator) -> tuple[AnnotatorEstimate, ...]:
    counts = matrix.labels_per_annotator
    return tuple(
        AnnotatorEstimate(
            annotator=name,
            reliability=rounded(fitted.reliability_[index]),
            low=rounded(fitted.reliability_low_[index]),
            high=rounded(fitted.reliability_high_[index]),
            n_labels=int(counts[index]),
            confusion=tuple(all_rounded(row) for row in fitted.confusion_[index]),
        )
        for index, name in enumerate(matrix.annotator_names)
    )


def _input_digest(problem: ConsensusProblem, matrix: LabelMatrix, known: dict[str, str]) -> str:
    answers: JsonObject = dict(known)
    alone: JsonObject = dict(problem.by_experts_alone)
    return digest({"labels": matrix.digest(), "known": answers, "by_experts_alone": alone})
