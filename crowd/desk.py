"""Where one annotator sits in one project: its rules, and how far they have come."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import ProjectState
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
    last_rank: int | None


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
        RECORD.c.last_rank,
    )
    .join_from(RECORD, PROJECT, PROJECT.c.id == RECORD.c.project_id)
    .where(
        RECORD.c.project_id == sa.bindparam("project_id"),
        RECORD.c.annotator_id == sa.bindparam("annotator_id"),
    )
    .with_for_update(of=RECORD, key_share=True)
)
