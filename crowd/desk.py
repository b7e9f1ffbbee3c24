"""Where one annotator sits in one project: its rules, and how far they have come."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import ProjectState, Qualification, Standing
from crowd.tables import PROJECT, RECORD, insert_unless_there
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import JsonObject


@dataclass(frozen=True)
class Desk:
    """A project's rules, and how far one annotator has come in it."""

    project_id: UUID
    annotator_id: UUID
    state: ProjectState
    answer_schema: JsonObject
    instructions_version: int
    floor: int
    lease_seconds: int
    gold_share: float
    cursors: JsonObject
    standing: Standing
    standing_reason: str
    training_questions: int
    training_seen: int
    qualification: Qualification
    qualified_until: datetime | None

    @property
    def last_rank(self) -> int | None:
        """Return up to which place the search has come."""
        rank = self.cursors.get("0")
        return rank if isinstance(rank, int) else None


def desk_of(connection: Connection, project_id: UUID, annotator_id: UUID) -> Desk:
    """Load the project's rules and lock the annotator's record, made where it is missing."""
    desk = _locked_desk(connection, project_id, annotator_id)
    if desk is not None:
        return desk
    if connection.execute(sa.select(1).where(PROJECT.c.id == project_id)).first() is None:
        raise NotFound("There is no such project.")
    insert_unless_there(
        connection,
        RECORD,
        project_id=project_id,
        annotator_id=annotator_id,
        n_labels=0,
        gold_seen=0,
        gold_right=0,
        active_seconds=0.0,
    )
    return desk_of(connection, project_id, annotator_id)


def _locked_desk(connection: Connection, project_id: UUID, annotator_id: UUID) -> Desk | None:
    asked = {"project_id": project_id, "annotator_id": annotator_id}
    row = connection.execute(_LOCKED_DESK, asked).first()
    return None if row is None else Desk(**row._mapping)


_LOCKED_DESK = (
    sa.select(
        RECORD.c.project_id,
        RECORD.c.annotator_id,
        PROJECT.c.state,
        PROJECT.c.answer_schema,
        PROJECT.c.instructions_version,
        PROJECT.c.floor,
        PROJECT.c.lease_seconds,
        PROJECT.c.gold_share,
        RECORD.c.cursors,
        RECORD.c.standing,
        RECORD.c.standing_reason,
        PROJECT.c.training_questions,
        RECORD.c.training_seen,
        RECORD.c.qualification,
        RECORD.c.qualified_until,
    )
    .join_from(RECORD, PROJECT, PROJECT.c.id == RECORD.c.project_id)
    .where(
        RECORD.c.project_id == sa.bindparam("project_id"),
        RECORD.c.annotator_id == sa.bindparam("annotator_id"),
    )
    .with_for_update(of=RECORD, key_share=True)
)
