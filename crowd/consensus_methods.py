"""The methods of consensus: which there are for which task type, and running one of them."""

from crowd.aggregation.nominal_methods import NOMINAL_METHODS
from crowd.consensus_agreement import NAME as AGREEMENT
from crowd.consensus_agreement import solve_by_agreement
from crowd.consensus_classes import solve_by_classes
from crowd.consensus_problem import ConsensusProblem, ConsensusSolution
from crowd.models import TaskType
from crowd.task_types import NominalKind, task_type_of
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput


def methods_for(task_type: TaskType) -> tuple[str, ...]:
    """Return the methods for a task type, the usual one first."""
    kind = task_type_of(task_type)
    return tuple(NOMINAL_METHODS) if isinstance(kind, NominalKind) else (AGREEMENT,)


def check_method(method: str, task_type: TaskType) -> None:
    """Raise InvalidInput for a method that answers of this type cannot be aggregated by."""
    methods = methods_for(task_type)
    if method not in methods:
        kind = task_type.value.replace("_", " ")
        sentence = (
            f"For answers of the type {kind} the method must be one of: {', '.join(methods)}."
        )
        raise InvalidInput(sentence, fields=[FieldProblem("/method", sentence)])


def solve(problem: ConsensusProblem) -> ConsensusSolution:
    """Aggregate the labels; the same problem always has the same solution, byte for byte."""
    if not problem.labels:
        raise Conflict("Nobody has labelled a task of this project yet.")
    kind = task_type_of(problem.task_type)
    if isinstance(kind, NominalKind):
        return solve_by_classes(problem, kind, NOMINAL_METHODS[problem.method]())
    return solve_by_agreement(problem, kind)
