"""How often a consensus run is right, where the truth became known."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from crowd.consensus_runs import run_by_id
from crowd.models import Consensus, Origin
from crowd.tables import OUTCOME, TASK
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
    """Compare a run's answers with the recorded outcomes, where only the crowd answered."""
    project_id = run_by_id(uow, run_id=run_id).project_id
    same = sa.cast(col(Consensus.answer), sa.Text) == sa.cast(OUTCOME.c.answer, sa.Text)
    statement = (
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((same, 1), else_=0)), 0))
        .select_from(Consensus)
        .join(TASK, TASK.c.id == Consensus.task_id)
        .join(OUTCOME, OUTCOME.c.external_id == TASK.c.external_id)
        .where(
            col(Consensus.run_id) == run_id,
            OUTCOME.c.project_id == project_id,
            TASK.c.origin == Origin.CROWD,
            TASK.c.gold_answer.is_(None),
        )
    )
    n_cases, n_right = uow.session.connection().execute(statement).one()
    return accuracy_from(int(n_cases), int(n_right))


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
