"""What kinds of answer a task may ask for: a module for each, and one line in this table."""

from crowd.models import TaskType
from crowd.task_types.answer_kind import AnswerKind
from crowd.task_types.single_choice import SingleChoice

__all__ = ["AnswerKind", "task_type_of"]

_ANSWER_KINDS: dict[TaskType, AnswerKind] = {
    TaskType.SINGLE_CHOICE: SingleChoice(),
}


def task_type_of(task_type: TaskType) -> AnswerKind:
    """Return what knows the answers of a task type."""
    return _ANSWER_KINDS[task_type]
