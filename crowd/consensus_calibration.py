"""Correct the confidence of a consensus by gold, where there is enough of it.

Gold is answered by many more people than other tasks, and held fixed in a fit. So the corrections
are learned from fits of their own, in which each half of the gold is open in turn, and has no more
labels than another task.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from typing import TypeAlias

import numpy as np

from crowd.aggregation.calibration import FEWEST_FOR_SCALING, Calibration, calibrate
from crowd.consensus_problem import (
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    all_rounded,
    rounded,
)
from crowd.task_types import NominalKind, task_type_of
from folkmoot.kernel.json_values import Json, JsonObject

Solver: TypeAlias = Callable[[ConsensusProblem], ConsensusSolution]

_HALVES = 2


def calibrated(problem: ConsensusProblem, solve: Solver) -> ConsensusSolution:
    """Solve a problem, and correct the confidence of what is not known.

    The solution says which correction was used, and from how many gold tasks. A solution that
    says it already (limits of numbers are set by gold in the fit itself) stays as it is.
    """
    solution = solve(problem)
    if solution.calibration:
        return solution
    labelled = {task for task, _, _ in problem.labels}
    gold = sorted(problem.gold & labelled)
    judged = None
    if len(gold) >= FEWEST_FOR_SCALING and gold != sorted(labelled):
        judged = _judged_openly(problem, solve, gold, by=solution.method_name)
    if judged is None:
        found = Calibration(None, len(gold), None, None)
    else:
        found = _learned(problem, judged)
    return replace(
        solution,
        tasks=tuple(_corrected(problem, task, found) for task in solution.tasks),
        calibration=_told(found),
    )


def _judged_openly(
    problem: ConsensusProblem, solve: Solver, gold: list[str], *, by: str
) -> list[TaskConsensus] | None:
    """Return what is found of each gold task where it is open, and labelled like any other.

    None where that leaves too few labels for the algorithm that ran on all of them: how sure
    another one is says nothing about it.
    """
    labels = _thinned(problem, {*gold})
    judged: list[TaskConsensus] = []
    for half in range(_HALVES):
        is_open = {*gold[half::_HALVES]}
        known = {task: answer for task, answer in problem.known.items() if task not in is_open}
        solution = solve(replace(problem, labels=labels, known=known))
        if solution.method_name != by:
            return None
        judged += [task for task in solution.tasks if task.task in is_open]
    return sorted(judged, key=lambda task: task.task)


def _thinned(problem: ConsensusProblem, gold: set[str]) -> tuple[tuple[str, str, Json], ...]:
    """Return the labels, of gold as many a task as of the other tasks.

    The gold task with the fewest labels keeps as many as the other task with the fewest, and so
    on, so that gold that is labelled like the others stays as it is.
    """
    by_task: defaultdict[str, list[tuple[str, str, Json]]] = defaultdict(list)
    for label in problem.labels:
        by_task[label[0]].append(label)
    usual = sorted(len(given) for task, given in by_task.items() if task not in gold)
    ranked = sorted(gold, key=lambda task: (len(by_task[task]), _hash_of(task)))
    kept = {
        task: usual[(2 * rank + 1) * len(usual) // (2 * len(ranked))]
        for rank, task in enumerate(ranked)
    }
    return tuple(
        label
        for task, given in sorted(by_task.items())
        for label in (_drawn(given, kept[task]) if task in gold else given)
    )


def _drawn(given: list[tuple[str, str, Json]], count: int) -> Iterable[tuple[str, str, Json]]:
    return sorted(given, key=lambda label: _hash_of(f"{label[0]} {label[1]}"))[:count]


def _hash_of(name: str) -> bytes:
    """Return what orders names as good as at random, and the same every time."""
    return sha256(name.encode()).digest()


def _learned(problem: ConsensusProblem, judged: list[TaskConsensus]) -> Calibration:
    kind, schema = task_type_of(problem.task_type), problem.schema
    if isinstance(kind, NominalKind):
        classes = kind.classes(schema)
        truth = [classes.index(kind.class_of(problem.known[task.task])) for task in judged]
        answer = [classes.index(kind.class_of(task.answer)) for task in judged]
        posterior = np.array([task.posterior for task in judged])
        return calibrate(posterior, np.array(truth), np.array(answer))
    wrong = [not kind.agrees(schema, task.answer, problem.known[task.task]) for task in judged]
    return calibrate(
        np.array([_right_or_wrong(task) for task in judged]),
        np.array(wrong, dtype=np.int64),
        np.zeros(len(judged), dtype=np.int64),
        keeps_leading=False,
    )


def _right_or_wrong(task: TaskConsensus) -> tuple[float, float]:
    return task.confidence, 1 - task.confidence


def _corrected(problem: ConsensusProblem, task: TaskConsensus, found: Calibration) -> TaskConsensus:
    if found.calibrator is None or task.task in problem.known:
        return task
    kind = task_type_of(problem.task_type)
    if not isinstance(kind, NominalKind):
        row = found.transform(np.array([_right_or_wrong(task)]), np.zeros(1, dtype=np.int64))
        return replace(task, confidence=rounded(row[0, 0]))
    classes = kind.classes(problem.schema)
    answer = np.array([classes.index(kind.class_of(task.answer))])
    posterior = all_rounded(found.transform(np.array([task.posterior]), answer)[0])
    leading = kind.leading(problem.schema, posterior)
    # Of grades the median leads, and it may move; else the answer stays, with all it says.
    changed = leading != answer[0]
    return replace(
        task,
        answer=kind.answer_of(classes[leading]) if changed else task.answer,
        confidence=posterior[leading],
        posterior=posterior,
    )


def _told(found: Calibration) -> JsonObject:
    """Return what the run keeps of a correction."""
    told: JsonObject = {
        "method": "none" if found.calibrator is None else found.calibrator.name,
        "n_gold": found.n_known,
        "fewest_gold": FEWEST_FOR_SCALING,
    }
    if found.log_loss_before is not None and found.log_loss_after is not None:
        told["log_loss_before"] = rounded(found.log_loss_before)
        told["log_loss_after"] = rounded(found.log_loss_after)
    if found.calibrator is not None:
        parameters = found.calibrator.parameters().items()
        told["parameters"] = {name: [*values] for name, values in parameters}
    return told
