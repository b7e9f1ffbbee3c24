"""The methods of consensus: which there are for which task type, and running one of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from crowd.aggregation import Aggregator, CrowdLab, Ensemble, GradedCrowd, GradedEnsemble
from crowd.aggregation.nominal_methods import NOMINAL_METHODS
from crowd.consensus_agreement import NAME as AGREEMENT
from crowd.consensus_agreement import solve_by_agreement
from crowd.consensus_calibration import calibrated
from crowd.consensus_choices import solve_by_choices
from crowd.consensus_classes import solve_by_classes
from crowd.consensus_comparisons import solve_by_implied_pairs, solve_by_scores
from crowd.consensus_numbers import solve_by_numbers
from crowd.consensus_problem import ConsensusProblem, ConsensusSolution, UnfitError
from crowd.consensus_regions import solve_by_regions
from crowd.consensus_sequences import solve_by_sequences
from crowd.consensus_texts import solve_by_medoids
from crowd.models import TaskType
from crowd.task_types import AnswerKind, NominalKind, nominal_type_of, task_type_of
from crowd.task_types.marked_parts import MarkedParts
from crowd.task_types.multiple_choice import MultipleChoice
from crowd.task_types.number import Number
from crowd.task_types.preference import Preference
from crowd.task_types.ranking import Ranking
from crowd.task_types.rating import CANNOT_TELL
from crowd.task_types.spans import Spans
from crowd.task_types.text import Text
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json

# It weighs what models said of tasks, which its problem must be given.
WITH_PREDICTIONS = "crowdlab"
# Of the methods for a type, the first is taken unless another is asked for. Which comes first,
# and why: docs/decisions/0019, 0020 and 0023.
_BY_CLASSES: dict[str, type[Aggregator]] = {**NOMINAL_METHODS, WITH_PREDICTIONS: CrowdLab}
_BY_GRADES: dict[str, type[Aggregator]] = {
    "graded_ensemble": GradedEnsemble,
    "graded": GradedCrowd,
}
_BY_ALGORITHMS = {**_BY_CLASSES, **_BY_GRADES}


def _by_regions(problem: ConsensusProblem) -> ConsensusSolution:
    kind = task_type_of(problem.task_type)
    if not isinstance(kind, MarkedParts):
        raise InvalidInput("This method is for answers that mark parts.")
    return solve_by_regions(problem, kind)


_BY_MODELS: dict[str, Callable[[ConsensusProblem], ConsensusSolution]] = {
    "gaussian": lambda problem: solve_by_numbers(problem, _kind_of(problem, Number)),
    "multi_label": lambda problem: solve_by_choices(problem, _kind_of(problem, MultipleChoice)),
    "sequences": lambda problem: solve_by_sequences(problem, _kind_of(problem, Spans)),
    "regions": _by_regions,
    "scores": lambda problem: solve_by_scores(problem, _kind_of(problem, Preference)),
    "implied_pairs": lambda problem: solve_by_implied_pairs(problem, _kind_of(problem, Ranking)),
    "medoid": lambda problem: solve_by_medoids(problem, _kind_of(problem, Text)),
}
_METHODS: dict[TaskType, tuple[str, ...]] = {
    TaskType.SINGLE_CHOICE: tuple(_BY_CLASSES),
    TaskType.RATING: (*_BY_GRADES, *_BY_CLASSES),
    TaskType.PREFERENCE: ("scores", *_BY_CLASSES),
    TaskType.MULTIPLE_CHOICE: ("multi_label", AGREEMENT),
    TaskType.NUMBER: ("gaussian", AGREEMENT),
    TaskType.SPANS: ("sequences", "regions", AGREEMENT),
    TaskType.BOXES: ("regions", AGREEMENT),
    TaskType.RANKING: ("implied_pairs", AGREEMENT),
    TaskType.TEXT: ("medoid", AGREEMENT),
}
Kind = TypeVar("Kind", bound=AnswerKind)


def methods_for(task_type: TaskType) -> tuple[str, ...]:
    """Return the methods for a task type, the usual one first."""
    return _METHODS[task_type]


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
    """Aggregate the labels; the same problem always has the same solution, byte for byte.

    Where a model does not fit the crowd, the simple rule is taken, and the solution says why.
    Where there is gold enough, confidence is corrected by it.
    """
    if not problem.labels:
        raise Conflict("Nobody has labelled a task of this project yet.")
    check_method(problem.method, problem.task_type)
    try:
        return calibrated(problem, _solve)
    except (ValueError, KeyError) as error:
        _refuse_what_the_schema_does_not_allow(problem, error)
        raise


def _refuse_what_the_schema_does_not_allow(problem: ConsensusProblem, error: Exception) -> None:
    """Raise Conflict that names the first answer of another kind, if there is one."""
    kind = task_type_of(problem.task_type)
    answers: list[tuple[str, str, Json]] = [
        *(("A label", task, answer) for task, _, answer in problem.labels),
        *(("The known answer", task, answer) for task, answer in problem.known.items()),
    ]
    for what, task, answer in answers:
        try:
            kind.check_answer(problem.schema, answer, None)
        except InvalidInput as refused:
            raise Conflict(
                f"{what} of task {task} is none that the project asks for: {refused.message}"
            ) from error


def _solve(problem: ConsensusProblem) -> ConsensusSolution:
    try:
        return _solve_as_asked(problem)
    except UnfitError as unfit:
        return replace(_solve_simply(problem), fallback=str(unfit))


def _solve_as_asked(problem: ConsensusProblem) -> ConsensusSolution:
    if problem.method in _BY_MODELS:
        return _BY_MODELS[problem.method](problem)
    if problem.method in _BY_GRADES:
        _refuse_what_is_no_grade(problem)
    if problem.method in _BY_ALGORITHMS:
        kind = nominal_type_of(problem.task_type)
        return solve_by_classes(problem, kind, _BY_ALGORITHMS[problem.method]())
    return solve_by_agreement(problem, task_type_of(problem.task_type))


def _solve_simply(problem: ConsensusProblem) -> ConsensusSolution:
    kind = task_type_of(problem.task_type)
    if isinstance(kind, NominalKind):
        return solve_by_classes(problem, kind, Ensemble())
    return solve_by_agreement(problem, kind)


def _refuse_what_is_no_grade(problem: ConsensusProblem) -> None:
    if any(answer == CANNOT_TELL for _, _, answer in problem.labels):
        raise UnfitError("Some could not tell, which has no place in an order of grades.")


def _kind_of(problem: ConsensusProblem, wanted: type[Kind]) -> Kind:
    kind = task_type_of(problem.task_type)
    if not isinstance(kind, wanted):
        raise InvalidInput("This method is for answers of another kind.")
    return kind
