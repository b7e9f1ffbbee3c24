"""Consensus for any number of a few choices: each choice judged with the others."""

from math import prod

import numpy as np

from crowd.aggregation import ClassSetRows, MultiLabelCrowd
from crowd.consensus_estimates import (
    agreement_by_likeness,
    estimates_of,
    require_enough,
    solution_of,
    with_known,
)
from crowd.consensus_problem import (
    ConsensusProblem,
    ConsensusSolution,
    TaskConsensus,
    all_rounded,
    rounded,
)
from crowd.task_types.multiple_choice import MultipleChoice, picks_of
from folkmoot.kernel.json_values import Json


def solve_by_choices(problem: ConsensusProblem, kind: MultipleChoice) -> ConsensusSolution:
    """Find which choices apply, and how each annotator picks what applies and what does not."""
    require_enough(problem)
    choices = kind.choices(problem.schema)
    rows = ClassSetRows.from_answers(
        ((task, who, sorted(picks_of(said) & {*choices})) for task, who, said in problem.labels),
        classes=choices,
    )
    fitted = MultiLabelCrowd().fit(rows)
    counts = np.bincount(rows.task, minlength=rows.n_tasks)
    tasks = []
    for index, task in enumerate(rows.task_names):
        shares = all_rounded(fitted.posterior_[index])
        found = kind.opinion_from(problem.schema, dict(zip(choices, shares, strict=True)))
        tasks.append(
            TaskConsensus(task, found.answer, rounded(found.confidence), shares, int(counts[index]))
        )

    def certain(answer: Json) -> tuple[float, ...]:
        return tuple(float(choice in picks_of(answer)) for choice in choices)

    return solution_of(
        problem,
        fitted,
        with_known(problem, tasks, certain),
        estimates_of(problem, kind, _chances(rows, fitted, counts.tolist()), _traits(rows, fitted)),
        agreement_by_likeness(problem, kind),
    )


def _chances(
    rows: ClassSetRows, fitted: MultiLabelCrowd, counts: list[int]
) -> dict[tuple[str, str], float]:
    """Return the chance that each answer is right in all choices; not of those that stand alone."""
    right = np.where(rows.chosen, fitted.posterior_[rows.task], 1 - fitted.posterior_[rows.task])
    return {
        (rows.task_names[task], rows.annotator_names[who]): prod(chances)
        for task, who, chances in zip(
            rows.task.tolist(), rows.annotator.tolist(), right.tolist(), strict=True
        )
        if counts[task] > 1
    }


def _traits(rows: ClassSetRows, fitted: MultiLabelCrowd) -> dict[str, dict[str, float]]:
    return {
        name: {"hits": float(fitted.hit_[who]), "slips": float(fitted.slip_[who])}
        for who, name in enumerate(rows.annotator_names)
    }
