"""How frequent an answer is in a project, by what is known and by what was agreed."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from crowd.models import TaskState, TaskType
from crowd.tables import PROJECT, TASK
from crowd.task_types import task_type_of
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork

# Fewer answers say nothing about how frequent one of them is.
FEWEST_ANSWERS = 20
_MOST_ANSWERS = 1000


def share_of_answer(uow: UnitOfWork, *, project_id: UUID, answer_mark: str) -> float | None:
    """Return how often an answer is the right one, 0 to 1, or None where too little is known.

    Gold may be mixed on purpose otherwise than the tasks are, so the greater one counts: its share
    of the known answers, or of the answers agreed so far.
    """
    connection = uow.session.connection()
    task_type = connection.execute(
        sa.select(PROJECT.c.task_type).where(PROJECT.c.id == project_id)
    ).scalar_one()
    of_project = TASK.c.project_id == project_id
    known = sa.select(TASK.c.gold_answer).where(of_project, TASK.c.gold_answer.is_not(None))
    agreed = sa.select(TASK.c.answer).where(
        of_project, TASK.c.state == TaskState.COMPLETE, TASK.c.answer.is_not(None)
    )
    found = [
        connection.execute(statement.limit(_MOST_ANSWERS)).scalars().all()
        for statement in (known, agreed)
    ]
    shares = [_share(answers, answer_mark, task_type) for answers in found]
    return max((share for share in shares if share is not None), default=None)


def _share(answers: Sequence[Json], answer_mark: str, task_type: TaskType) -> float | None:
    if len(answers) < FEWEST_ANSWERS:
        return None
    kind = task_type_of(task_type)
    same = sum(kind.mark_of(answer) == answer_mark for answer in answers)
    # One answer more of each side, so that what was never seen is not taken to be impossible.
    return (same + 1) / (len(answers) + 2)
