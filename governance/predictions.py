"""What models said of tasks that the crowd labels too, for the consensus that weighs them."""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from crowd.consensus_problem import Prediction
from crowd.models import Consensus, ConsensusRun, DataSet, Task
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Decision, ModelVersion


def predictions_for(uow: UnitOfWork, *, run_id: UUID) -> Mapping[str, Prediction]:
    """Return by task what the newest decision on it proposed, and how sure its model was.

    A model that had learned from the task's labels is no further voice, so it is left out.
    """
    learned_from = (
        sa.select(1)
        .select_from(ModelVersion)
        .join(DataSet, col(DataSet.id) == col(ModelVersion.data_set_id))
        .join(Consensus, col(Consensus.run_id) == col(DataSet.consensus_run_id))
        .where(
            col(ModelVersion.id) == col(Decision.model_version_id),
            col(Consensus.task_id) == col(Task.id),
        )
        .exists()
    )
    statement = (
        sa.select(col(Task.id), col(Decision.proposed), col(Decision.probability))
        .select_from(ConsensusRun)
        .join(Decision, col(Decision.project_id) == col(ConsensusRun.project_id))
        .join(
            Task,
            sa.and_(
                col(Task.project_id) == col(ConsensusRun.project_id),
                col(Task.external_id) == col(Decision.case_ref),
            ),
        )
        .where(col(ConsensusRun.id) == run_id, ~learned_from)
        .order_by(col(Decision.created_at), col(Decision.id))
    )
    rows = uow.session.connection().execute(statement)
    return {str(task_id): Prediction(answer, sure) for task_id, answer, sure in rows}
