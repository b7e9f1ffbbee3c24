"""What kinds of answer a task may ask for: a module for each, and one line in this table."""

from crowd.models import TaskType
from crowd.task_types.answer_kind import AnswerKind, Example, Opinion, Voice
from crowd.task_types.believing import Support
from crowd.task_types.boxes import Boxes
from crowd.task_types.multiple_choice import MultipleChoice
from crowd.task_types.nominal_kind import NominalKind
from crowd.task_types.number import Number
from crowd.task_types.preference import Preference
from crowd.task_types.ranking import Ranking
from crowd.task_types.rating import Rating
from crowd.task_types.single_choice import SingleChoice
from crowd.task_types.spans import Spans
from crowd.task_types.text import Text
from folkmoot.kernel.errors import InvalidInput

__all__ = [
    "READS_PAYLOAD",
    "AnswerKind",
    "Example",
    "NominalKind",
    "Opinion",
    "Support",
    "Voice",
    "nominal_type_of",
    "task_type_of",
]

_ANSWER_KINDS: dict[TaskType, AnswerKind] = {
    TaskType.SINGLE_CHOICE: SingleChoice(),
    TaskType.MULTIPLE_CHOICE: MultipleChoice(),
    TaskType.RATING: Rating(),
    TaskType.NUMBER: Number(),
    TaskType.TEXT: Text(),
    TaskType.SPANS: Spans(),
    TaskType.BOXES: Boxes(),
    TaskType.PREFERENCE: Preference(),
    TaskType.RANKING: Ranking(),
}

# Those whose answers cannot be checked without the task.
READS_PAYLOAD = tuple(name for name, kind in _ANSWER_KINDS.items() if kind.reads_payload)


def task_type_of(task_type: TaskType) -> AnswerKind:
    """Return what knows the answers of a task type."""
    return _ANSWER_KINDS[task_type]


def nominal_type_of(task_type: TaskType) -> NominalKind:
    """Return what knows the classes of a task type, or raise InvalidInput if it has none."""
    kind = task_type_of(task_type)
    if not isinstance(kind, NominalKind):
        words = task_type.value.replace("_", " ")
        raise InvalidInput(f"This needs answers of a few classes; a project of {words} has none.")
    return kind
