"""What the solvers of answers without classes share: known answers, estimates, agreement."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

import numpy as np

from crowd.aggregation import NEWCOMER, Agreement
from crowd.aggregation.alpha import alpha_of_answers
from crowd.aggregation.estimator import Estimator, RowsT
from crowd.aggregation.reliability import beta_estimates
from crowd.consensus_problem import (
    AnnotatorEstimate,
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    UnfitError,
    annotator_estimates,
    digest_of_input,
    rounded,
)
from crowd.task_types import AnswerKind
from crowd.task_types.believing import belief
from folkmoot.kernel.json_values import Json

# Measured on boxes and numbers of real crowds: from here on the models are not behind the simple
# rule (docs/decisions/0023).
FEWEST_ANSWERS = 50
_TASKS_COMPARED = 60


def require_enough(problem: ConsensusProblem) -> None:
    """Raise UnfitError for a crowd too small for a model of its annotators."""
    if len(problem.labels) < FEWEST_ANSWERS:
        raise UnfitError(
            f"With fewer than {FEWEST_ANSWERS} answers the simple rule is as good as a model."
        )


def by_task(problem: ConsensusProblem) -> dict[str, dict[str, Json]]:
    """Return the answers to each task by annotator, both in order."""
    answers: defaultdict[str, dict[str, Json]] = defaultdict(dict)
    for task, annotator, answer in sorted(problem.labels, key=lambda label: label[:2]):
        answers[task][annotator] = answer
    return dict(answers)


def with_known(
    problem: ConsensusProblem,
    found: Iterable[TaskConsensus],
    certain: Callable[[Json], tuple[float, ...]] = lambda _answer: (),
) -> tuple[TaskConsensus, ...]:
    """Return all tasks in order, those with a known answer having that one.

    certain: returns the posterior of a known answer.
    """
    tasks = {task.task: task for task in found}
    counts = {name: task.n_labels for name, task in tasks.items()} | {**problem.by_experts_alone}
    for task, answer in problem.known.items():
        if task in counts:
            tasks[task] = TaskConsensus(task, answer, 1.0, certain(answer), counts[task])
    return tuple(tasks[name] for name in sorted(tasks))


def estimates_of(
    problem: ConsensusProblem,
    kind: AnswerKind,
    chances: Mapping[tuple[str, str], float],
    traits: Mapping[str, Mapping[str, float]],
) -> tuple[AnnotatorEstimate, ...]:
    """Return how reliable each annotator is, with limits.

    chances: how far the answer of (task, annotator) is right, 0 to 1; a task whose answer is known
        is judged by that instead.
    """
    found: defaultdict[str, list[float]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for task, annotator, answer in sorted(problem.labels, key=lambda label: label[:2]):
        counts[annotator] += 1
        if task in problem.known:
            found[annotator].append(float(kind.agrees(problem.schema, answer, problem.known[task])))
        elif (task, annotator) in chances:
            found[annotator].append(chances[task, annotator])
    return estimates_from(counts, found, traits)


def estimates_from(
    counts: Mapping[str, int],
    chances: Mapping[str, Sequence[float]],
    traits: Mapping[str, Mapping[str, float]],
) -> tuple[AnnotatorEstimate, ...]:
    """Return each annotator's reliability from the chances that their answers are right."""
    names = sorted(counts)
    found = [np.array(chances.get(name, ()), float) for name in names]
    limits = beta_estimates(
        right=np.array([each.sum() for each in found]),
        wrong=np.array([(1 - each).sum() for each in found]),
        doubt=np.array([(each * (1 - each)).sum() for each in found]),
        prior=NEWCOMER,
    )
    return annotator_estimates(names, limits, counts, traits=traits)


def believed(
    problem: ConsensusProblem,
    kind: AnswerKind,
    answer: Json,
    given: Mapping[str, Json],
    reliability: Mapping[str, float],
) -> float:
    """Return the chance that an answer is right, by how like it the given ones are."""
    likenesses = [kind.likeness(problem.schema, other, answer) for other in given.values()]
    return rounded(belief(likenesses, [reliability[name] for name in given]))


def solution_of(
    problem: ConsensusProblem,
    fitted: Estimator[RowsT],
    tasks: tuple[TaskConsensus, ...],
    annotators: tuple[AnnotatorEstimate, ...],
    agreement: Agreement,
    **chosen: float,
) -> ConsensusSolution:
    """Return what a fitted model found; `chosen` are parameters that are not the model's."""
    return ConsensusSolution(
        method_name=fitted.name,
        method_version=fitted.version,
        parameters={**fitted.parameters(), **chosen},
        input_digest=digest_of_input(problem),
        tasks=tasks,
        annotators=annotators,
        n_labels=sum(task.n_labels for task in tasks),
        iterations=int(fitted.n_iterations_),
        converged=bool(fitted.converged_),
        agreement=agreement,
    )


def agreement_by_likeness(problem: ConsensusProblem, kind: AnswerKind) -> Agreement:
    """Return Krippendorff's alpha by how unlike answers are, over a sample of the tasks."""

    def unlikeness(one: Json, other: Json) -> float:
        return 1 - kind.likeness(problem.schema, one, other)

    return agreement_by(problem, unlikeness)


def agreement_by(problem: ConsensusProblem, distance: Callable[[Json, Json], float]) -> Agreement:
    """Return Krippendorff's alpha by a distance of two answers, over a sample of the tasks."""
    answers = by_task(problem)
    shared = [task for task, given in answers.items() if len(given) > 1]
    if not shared:
        return Agreement(None, None, None, 0)
    # Drawn by name, so that the same labels have the same sample.
    sample = sorted(shared, key=lambda task: sha256(task.encode()).digest())[:_TASKS_COMPARED]
    found = alpha_of_answers([[*answers[task].values()] for task in sorted(sample)], distance)
    return Agreement(found.value, found.low, found.high, found.n_tasks)
