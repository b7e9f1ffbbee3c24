"""Consensus for answers that fall into classes, by any algorithm of `crowd.aggregation`."""

from collections.abc import Mapping

import numpy as np

from crowd.aggregation import Aggregator, CrowdLab, LabelMatrix, krippendorff_alpha
from crowd.aggregation.arrays import FloatArray
from crowd.aggregation.reliability import Reliabilities
from crowd.consensus_problem import (
    AnnotatorEstimate,
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    all_rounded,
    annotator_estimates,
    digest_of_input,
)
from crowd.task_types import NominalKind
from folkmoot.kernel.errors import Conflict


def solve_by_classes(
    problem: ConsensusProblem, kind: NominalKind, algorithm: Aggregator
) -> ConsensusSolution:
    """Aggregate the classes of the labels; the same problem has the same solution."""
    known = {task: kind.class_of(answer) for task, answer in problem.known.items()}
    matrix = matrix_of(problem, kind)
    fitted = _fitted(problem, kind, algorithm, matrix, matrix.known_indices(known))
    tasks = [*_labelled(problem, kind, matrix, fitted), *classes_by_experts_alone(problem, kind)]
    return ConsensusSolution(
        method_name=fitted.name,
        method_version=fitted.version,
        parameters={**fitted.parameters()},
        input_digest=digest_of_input(problem, matrix.digest()),
        tasks=tuple(sorted(tasks, key=lambda task: task.task)),
        annotators=_estimates(matrix, fitted),
        n_labels=matrix.n_labels + sum(problem.by_experts_alone.values()),
        iterations=int(fitted.n_iterations_),
        converged=bool(fitted.converged_),
        agreement=krippendorff_alpha(matrix),
    )


def matrix_of(problem: ConsensusProblem, kind: NominalKind) -> LabelMatrix:
    """Return the labels as classes, in the order of the schema's."""
    return LabelMatrix.from_labels(
        [(task, annotator, kind.class_of(answer)) for task, annotator, answer in problem.labels],
        classes=kind.classes(problem.schema),
    )


def _fitted(
    problem: ConsensusProblem,
    kind: NominalKind,
    algorithm: Aggregator,
    matrix: LabelMatrix,
    known: Mapping[int, int],
) -> Aggregator:
    if not isinstance(algorithm, CrowdLab):
        return algorithm.fit(matrix, known=known)
    return algorithm.fit(matrix, known=known, predictions=_predicted(problem, kind, matrix))


def _predicted(problem: ConsensusProblem, kind: NominalKind, matrix: LabelMatrix) -> FloatArray:
    """Return a model's chance of each class of each task; the shares of labels where it has none.

    A model tells how sure it is of one answer; the others share the rest.
    """
    if not problem.predictions:
        raise Conflict(
            "CROWDLAB weighs a model's probabilities beside the labels, and no model has decided "
            "a case of this project that it had not learned from."
        )
    place = {name: index for index, name in enumerate(matrix.class_names)}
    shares = matrix.votes().sum(axis=0) + 1
    chances = np.tile(shares / shares.sum(), (matrix.n_tasks, 1))
    for row, task in enumerate(matrix.task_names):
        said = problem.predictions.get(task)
        column = None if said is None else place.get(kind.class_of(said.answer))
        if said is not None and column is not None:
            chances[row] = (1 - said.probability) / max(matrix.n_classes - 1, 1)
            chances[row, column] = said.probability
    return chances


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


def classes_by_experts_alone(problem: ConsensusProblem, kind: NominalKind) -> list[TaskConsensus]:
    """Return the answers to tasks that the crowd never labelled."""
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
    found = Reliabilities(fitted.reliability_, fitted.reliability_low_, fitted.reliability_high_)
    counts = dict(zip(matrix.annotator_names, matrix.labels_per_annotator.tolist(), strict=True))
    return annotator_estimates(matrix.annotator_names, found, counts, confusion=fitted.confusion_)
