"""Consensus for words of one's own: the text that the others come closest to."""

from dataclasses import replace

from crowd.aggregation import TextMedoid, TextRows
from crowd.consensus_agreement import solve_by_agreement
from crowd.consensus_estimates import believed, by_task, require_enough, with_known
from crowd.consensus_problem import ConsensusProblem, ConsensusSolution
from crowd.task_types.text import Text


def solve_by_medoids(problem: ConsensusProblem, kind: Text) -> ConsensusSolution:
    """Choose texts by how like the others they are; annotators are judged without their own."""
    require_enough(problem)
    answers = by_task(problem)
    # A null character ends a text of NumPy, and no answer may hold one.
    rows = TextRows.from_answers((task, who, str(said)) for task, who, said in problem.labels)
    fitted = TextMedoid().fit(rows)
    chosen = dict(zip(rows.task_names, fitted.texts_, strict=True))
    judged = solve_by_agreement(problem, kind)
    reliability = {each.annotator: each.reliability for each in judged.annotators}
    likeness = dict(zip(rows.annotator_names, fitted.reliability_.tolist(), strict=True))
    found = [
        replace(
            task,
            answer=chosen[task.task],
            confidence=believed(problem, kind, chosen[task.task], answers[task.task], reliability),
        )
        for task in judged.tasks
        if task.task in chosen
    ]
    return replace(
        judged,
        method_name=fitted.name,
        method_version=fitted.version,
        parameters={**fitted.parameters()},
        tasks=with_known(problem, found),
        annotators=tuple(
            replace(each, traits={"likeness": round(likeness[each.annotator], 10)})
            for each in judged.annotators
        ),
        iterations=int(fitted.n_iterations_),
        converged=bool(fitted.converged_),
    )
