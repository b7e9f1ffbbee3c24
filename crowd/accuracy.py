"""How often a consensus run is right, where the truth became known."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from crowd.consensus_runs import run_by_id
from crowd.models import Consensus, Origin
from crowd.projects import project_by_id
from crowd.tables import OUTCOME, TASK
from crowd.task_types import task_type_of
from folkmoot.kernel.unit_of_work import UnitOfWork

_TAIL = 0.025


@dataclass(frozen=True)
class Accuracy:
    """The share of right answers with its exact 95 % limits; None where no case can be counted."""

    n_cases: int
    n_right: int
    accuracy: float | None
    low: float | None
    high: float | None


def accuracy_of(uow: UnitOfWork, *, run_id: UUID) -> Accuracy:
    """Compare a run's answers with the recorded outcomes, where only the crowd answered.

    What is right is said by the task type, as for gold: within a number's tolerance, for example.
    """
    project = project_by_id(uow, project_id=run_by_id(uow, run_id=run_id).project_id)
    kind, schema = task_type_of(project.task_type), project.answer_schema
    statement = (
        sa.select(col(Consensus.answer), OUTCOME.c.answer)
        .join(TASK, TASK.c.id == Consensus.task_id)
        .join(OUTCOME, OUTCOME.c.external_id == TASK.c.external_id)
        .where(
            col(Consensus.run_id) == run_id,
            OUTCOME.c.project_id == project.id,
            TASK.c.origin == Origin.CROWD,
            TASK.c.gold_answer.is_(None),
        )
    )
    rows = uow.session.connection().execute(statement)
    right = [kind.agrees(schema, answer, outcome) for answer, outcome in rows]
    return accuracy_from(len(right), sum(right))


def accuracy_from(n_cases: int, n_right: int) -> Accuracy:
    """Return the share of right answers with its limits.

    The limits are those of Clopper and Pearson, The Use of Confidence or Fiducial Limits
    Illustrated in the Case of the Binomial, Biometrika 26, 1934.
    """
    if n_cases == 0:
        return Accuracy(0, 0, None, None, None)
    # SciPy is slow to load, and most who import this module never need a limit.
    from scipy.special import betaincinv  # noqa: PLC0415

    n_wrong = n_cases - n_right
    low = float(betaincinv(n_right, n_wrong + 1, _TAIL)) if n_right else 0.0
    high = float(betaincinv(n_right + 1, n_wrong, 1 - _TAIL)) if n_wrong else 1.0
    return Accuracy(n_cases, n_right, n_right / n_cases, low, high)
