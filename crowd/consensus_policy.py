"""Consensus without being asked: after so many new labels, and once a project is closed."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from crowd.consensus_runs import request_consensus
from crowd.models import AnnotatorRecord, ConsensusRun, Project, ProjectState
from crowd.projects import locked_project
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork


def projects_due(uow: UnitOfWork) -> Sequence[UUID]:
    """Return the projects whose policy asks for a consensus now.

    That is one with as many labels since its last run as its policy says, or one that is closed
    and got a label since. A run that failed or was cancelled is not tried again by itself.
    """
    return uow.session.exec(_due()).all()


def request_due(uow: UnitOfWork, *, project_id: UUID) -> ConsensusRun | None:
    """Ask for a project's consensus if it is due still; two sweepers ask for one run."""
    locked_project(uow, project_id)
    if uow.session.exec(_due().where(col(Project.id) == project_id)).first() is None:
        return None
    try:
        return request_consensus(uow, PLATFORM, project_id=project_id)
    except Conflict:
        return None  # all labels are of training, say: there is nothing to aggregate


def _due() -> SelectOfScalar[UUID]:
    labels = (
        sa.select(sa.func.coalesce(sa.func.sum(col(AnnotatorRecord.n_labels)), 0))
        .where(col(AnnotatorRecord.project_id) == col(Project.id))
        .scalar_subquery()
    )
    seen = (
        sa.select(sa.func.coalesce(sa.func.max(col(ConsensusRun.labels_at_request)), 0))
        .where(col(ConsensusRun.project_id) == col(Project.id))
        .scalar_subquery()
    )
    is_running = (
        sa.select(1)
        .where(
            col(ConsensusRun.project_id) == col(Project.id),
            col(ConsensusRun.state) == WorkState.REQUESTED,
        )
        .exists()
    )
    is_ended = sa.and_(col(Project.state) == ProjectState.CLOSED, col(Project.consensus_at_close))
    return select(Project.id).where(
        sa.or_(
            sa.and_(
                col(Project.state) != ProjectState.CLOSED,
                labels - seen >= col(Project.consensus_every),
            ),
            sa.and_(is_ended, labels > seen),
        ),
        ~is_running,
    )
