"""Where one annotator sits in one project: its rules, and how far they have come."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import ProjectState, Qualification, Standing
from crowd.tables import (
    PREFERENCES,
    PROJECT,
    RECORD,
    SITTING,
    WORK_DAY,
    insert_unless_there,
)
from folkmoot.kernel import clock
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
    # For the limits of crowd.admission: of the project, of the person, and how far they are today.
    pay_alarm_at: datetime | None
    content_flags: list[str]
    accepted_flags: list[str] | None
    sensitive_per_day: int | None
    n_sensitive_today: int
    session_cap_minutes: int | None
    sitting_seconds: float | None
    last_beat_at: datetime | None
    currency: str

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
    today = clock.now().date()
    asked = {"project_id": project_id, "annotator_id": annotator_id, "today": today}
    row = connection.execute(_LOCKED_DESK, asked).first()
    return None if row is None else Desk(**row._mapping)


# Across projects: what wears a person down does not ask which team it came from.
_SENSITIVE_TODAY = (
    sa.select(sa.func.coalesce(sa.func.sum(WORK_DAY.c.n_sensitive), 0))
    .where(
        WORK_DAY.c.annotator_id == sa.bindparam("annotator_id"),
        WORK_DAY.c.day == sa.bindparam("today"),
    )
    .scalar_subquery()
)
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
        PROJECT.c.pay_alarm_at,
        PROJECT.c.content_flags,
        PREFERENCES.c.accepted_flags,
        PROJECT.c.sensitive_per_day,
        _SENSITIVE_TODAY.label("n_sensitive_today"),
        PROJECT.c.session_cap_minutes,
        SITTING.c.active_seconds.label("sitting_seconds"),
        SITTING.c.last_beat_at,
        PROJECT.c.currency,
    )
    .join_from(RECORD, PROJECT, PROJECT.c.id == RECORD.c.project_id)
    .outerjoin(PREFERENCES, PREFERENCES.c.annotator_id == RECORD.c.annotator_id)
    .outerjoin(SITTING, SITTING.c.annotator_id == RECORD.c.annotator_id)
    .where(
        RECORD.c.project_id == sa.bindparam("project_id"),
        RECORD.c.annotator_id == sa.bindparam("annotator_id"),
    )
    .with_for_update(of=RECORD, key_share=True)
)
