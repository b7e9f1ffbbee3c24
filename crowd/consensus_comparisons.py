"""Consensus for preferences and rankings: scores of what is compared, by pairs."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from crowd.aggregation import ComparisonRows, CrowdBradleyTerry, krippendorff_alpha
from crowd.aggregation.reliability import Reliabilities
from crowd.consensus_classes import classes_by_experts_alone, matrix_of
from crowd.consensus_estimates import (
    agreement_by_likeness,
    believed,
    by_task,
    estimates_of,
    require_enough,
    solution_of,
    with_known,
)
from crowd.consensus_problem import (
    AnnotatorEstimate,
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    UnfitError,
    annotator_estimates,
    rounded,
)
from crowd.task_types.answer_kind import AnswerKind
from crowd.task_types.preference import TIE, Preference
from folkmoot.kernel.json_values import Json

# The share of tasks with something that other tasks have too, from which scores say more than
# the votes of each task.
_LEAST_SHARED = 0.5
# Keeps what two tasks call alike apart.
_BETWEEN = "\x1f"


def solve_by_scores(problem: ConsensusProblem, kind: Preference) -> ConsensusSolution:
    """Score all that is compared, and say of each pair which has the higher score."""
    require_enough(problem)
    pairs = _compared(problem)
    _refuse_unconnected(problem, kind, pairs)
    first, second, *_ = kind.classes(problem.schema)
    rows = ComparisonRows.from_answers(
        (who, *pairs[task], float(kind.class_of(said) == first))
        for task, who, said in problem.labels
    )
    fitted = CrowdBradleyTerry().fit(rows)
    place = {name: index for index, name in enumerate(rows.item_names)}
    counts = Counter(task for task, _, _ in problem.labels)
    tasks = []
    for task in sorted(counts):
        one, other = (np.array([place[item]]) for item in pairs[task])
        chance = rounded(fitted.predict_proba(one, other)[0])
        posterior = (chance, rounded(1 - chance))
        leading = kind.leading(problem.schema, posterior)
        answer = kind.answer_of((first, second)[leading])
        tasks.append(TaskConsensus(task, answer, posterior[leading], posterior, counts[task]))
    alone = classes_by_experts_alone(problem, kind)

    def certain(answer: Json) -> tuple[float, ...]:
        return (float(kind.class_of(answer) == first), float(kind.class_of(answer) == second))

    return solution_of(
        problem,
        fitted,
        with_known(problem, [*tasks, *alone], certain),
        _judged(rows, fitted, problem),
        krippendorff_alpha(matrix_of(problem, kind)),
    )


def solve_by_implied_pairs(problem: ConsensusProblem, kind: AnswerKind) -> ConsensusSolution:
    """Score the things of each task by all the pairs that its rankings put in order."""
    require_enough(problem)
    answers = by_task(problem)
    rows = ComparisonRows.from_answers(
        (who, f"{task}{_BETWEEN}{better}", f"{task}{_BETWEEN}{worse}", 1.0)
        for task, given in answers.items()
        for who, said in given.items()
        for better, worse in combinations(_order(said), 2)
    )
    fitted = CrowdBradleyTerry().fit(rows)
    pairs_right = dict(zip(rows.annotator_names, fitted.reliability_.tolist(), strict=True))
    orders = _orders(rows, fitted)
    annotators = estimates_of(
        problem,
        kind,
        _chances(problem, kind, orders),
        {name: {"pairs_right": share} for name, share in pairs_right.items()},
    )
    reliability = {each.annotator: each.reliability for each in annotators}
    tasks = [
        TaskConsensus(
            task=task,
            answer=[*orders[task]],
            confidence=believed(problem, kind, [*orders[task]], given, reliability),
            posterior=(),
            n_labels=len(given),
        )
        for task, given in answers.items()
    ]
    return solution_of(
        problem,
        fitted,
        with_known(problem, tasks),
        annotators,
        agreement_by_likeness(problem, kind),
    )


def _chances(
    problem: ConsensusProblem, kind: AnswerKind, orders: Mapping[str, list[str]]
) -> dict[tuple[str, str], float]:
    """Return the share of pairs that each ranking has as the scores do, of tasks that are shared.

    That a ranking is right as a whole is less likely than that a pair of it is.
    """
    return {
        (task, who): kind.likeness(problem.schema, said, [*orders[task]])
        for task, given in by_task(problem).items()
        if len(given) > 1
        for who, said in given.items()
    }


def _compared(problem: ConsensusProblem) -> dict[str, tuple[str, str]]:
    """Return the two things that each labelled task compares, by what they are."""
    pairs = {}
    for task in {task for task, _, _ in problem.labels}:
        both = problem.material.get(task)
        if not isinstance(both, list) or len(both) != 2 or both[0] == both[1]:
            raise UnfitError("A task compares a thing with itself.")
        pairs[task] = (str(both[0]), str(both[1]))
    return pairs


def _refuse_unconnected(
    problem: ConsensusProblem, kind: Preference, pairs: Mapping[str, tuple[str, str]]
) -> None:
    """Raise UnfitError where scores would say no more than the votes on each pair."""
    if any(kind.class_of(answer) == TIE for _, _, answer in problem.labels):
        raise UnfitError("Some answers are ties, of which scores give no chance.")
    seen = Counter(item for pair in pairs.values() for item in set(pair))
    connected = sum(any(seen[item] > 1 for item in pair) for pair in pairs.values())
    if connected < _LEAST_SHARED * len(pairs):
        raise UnfitError("Most tasks compare things that no other task has.")


def _judged(
    rows: ComparisonRows, fitted: CrowdBradleyTerry, problem: ConsensusProblem
) -> tuple[AnnotatorEstimate, ...]:
    found = Reliabilities(fitted.reliability_, fitted.reliability_low_, fitted.reliability_high_)
    counts = Counter(who for _, who, _ in problem.labels)
    return annotator_estimates(rows.annotator_names, found, counts)


def _order(answer: Json) -> list[str]:
    return [str(each) for each in answer] if isinstance(answer, list) else []


def _orders(rows: ComparisonRows, fitted: CrowdBradleyTerry) -> dict[str, list[str]]:
    """Return the things of each task, the best first."""
    orders: defaultdict[str, list[str]] = defaultdict(list)
    for index in fitted.order_.tolist():
        task, _, item = rows.item_names[index].partition(_BETWEEN)
        orders[task].append(item)
    return dict(orders)
