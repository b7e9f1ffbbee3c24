"""Where one annotator sits in one project: its rules, and how far they have come."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import LeaseState, ProjectState, Purpose, Qualification, Standing, TaskType
from crowd.search_statements import (
    first_rank,
    first_rank_of_second_lane,
    last_rank_of_first_lane,
    last_rank_of_second_lane,
)
from crowd.tables import (
    LEASE,
    PLACE,
    PREFERENCES,
    PROJECT,
    QUEUE,
    RECORD,
    SITTING,
    WORK_DAY,
    insert_unless_there,
)
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.statements import Statement

# So many tasks of a project one annotator may hold at a time.
MOST_LEASES = 3


@dataclass(frozen=True)
class Desk:
    """A project's rules, how far one annotator has come in it, and how they are today.

    first_rank: where the queue begins now, or None where nothing waits in it.
    last_rank: where its first lane ends.
    second_rank, second_last_rank: where its second lane begins and ends.
    first_to_expire: when the first lease of the project that is held runs out, or ran out.
    n_held: how many places the annotator holds.
    keeps_gold: gold that they gave back, or let run out, waits for them.
    """

    project_id: UUID
    annotator_id: UUID
    state: ProjectState
    task_type: TaskType
    answer_schema: JsonObject
    instructions_version: int
    lease_seconds: int
    gold_share: float
    suggestion_share: float
    budget_labels: int | None
    pay_minor: int
    currency: str
    pay_alarm_at: datetime | None
    content_flags: list[str]
    sensitive_per_day: int | None
    session_cap_minutes: int | None
    training_questions: int
    n_labels: int
    cursors: JsonObject
    searched_anew_at: datetime | None
    standing: Standing
    standing_reason: str
    qualification: Qualification
    qualified_until: datetime | None
    training_seen: int
    accepted_flags: list[str] | None
    sitting_seconds: float | None
    last_beat_at: datetime | None
    n_sensitive_today: int
    first_rank: int | None
    last_rank: int | None
    second_rank: int | None
    second_last_rank: int | None
    first_to_expire: datetime | None
    n_held: int
    keeps_gold: bool

    def has_expired(self, now: datetime) -> bool:
        """Say whether a lease of the project ran out and its place was not returned yet."""
        return self.first_to_expire is not None and self.first_to_expire <= now


def desk_of(connection: Connection, project_id: UUID, annotator_id: UUID, now: datetime) -> Desk:
    """Lock the annotator's record, made where it is missing, and load what they may do.

    Two statements: one that waits for a lock would show the leases of the time before the wait.
    """
    whose = {"project_id": project_id, "annotator_id": annotator_id}
    if _LOCK.first(connection, whose) is None:
        _make_record(connection, project_id, annotator_id)
        _LOCK.first(connection, whose)
    return desk_of_locked(connection, project_id, annotator_id, now)


def desk_of_locked(
    connection: Connection, project_id: UUID, annotator_id: UUID, now: datetime
) -> Desk:
    """Load what an annotator may do; the caller holds their record."""
    asked = {
        "project_id": project_id,
        "annotator_id": annotator_id,
        "now": now,
        "today": now.date(),
    }
    [row] = _DESK.all(connection, asked)
    return Desk(**row._asdict())


def kept_gold() -> sa.ColumnElement[bool]:
    """Say that a place is gold of :annotator_id in :project_id that came back unanswered by :now.

    What was skipped is not given again.
    """
    is_skipped = sa.select(1).where(
        LEASE.c.annotator_id == PLACE.c.annotator_id,
        LEASE.c.task_id == PLACE.c.task_id,
        LEASE.c.state == LeaseState.SKIPPED,
    )
    return sa.and_(
        PLACE.c.project_id == _PROJECT_ID,
        PLACE.c.annotator_id == _ANNOTATOR_ID,
        PLACE.c.label_id.is_(None),
        PLACE.c.purpose == Purpose.GOLD,
        sa.or_(PLACE.c.leased_until.is_(None), PLACE.c.leased_until <= sa.bindparam("now")),
        ~is_skipped.exists(),
    )


def _make_record(connection: Connection, project_id: UUID, annotator_id: UUID) -> None:
    if connection.execute(sa.select(1).where(PROJECT.c.id == project_id)).first() is None:
        raise NotFound("There is no such project.")
    insert_unless_there(connection, QUEUE, project_id=project_id, next_turn=0)
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


# What a desk shows of its project, by the names of the columns.
_RULES = (
    "state",
    "task_type",
    "answer_schema",
    "instructions_version",
    "lease_seconds",
    "gold_share",
    "suggestion_share",
    "budget_labels",
    "pay_minor",
    "currency",
    "pay_alarm_at",
    "content_flags",
    "sensitive_per_day",
    "session_cap_minutes",
    "training_questions",
)


def _desk() -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(
            RECORD.c.project_id,
            RECORD.c.annotator_id,
            *(PROJECT.c[name] for name in _RULES),
            RECORD.c.n_labels,
            RECORD.c.cursors,
            RECORD.c.searched_anew_at,
            RECORD.c.standing,
            RECORD.c.standing_reason,
            RECORD.c.qualification,
            RECORD.c.qualified_until,
            RECORD.c.training_seen,
            PREFERENCES.c.accepted_flags,
            SITTING.c.active_seconds.label("sitting_seconds"),
            SITTING.c.last_beat_at,
            _n_sensitive_today().label("n_sensitive_today"),
            first_rank().label("first_rank"),
            last_rank_of_first_lane().label("last_rank"),
            first_rank_of_second_lane().label("second_rank"),
            last_rank_of_second_lane().label("second_last_rank"),
            _first_to_expire().label("first_to_expire"),
            _n_held().label("n_held"),
            sa.select(1).where(kept_gold()).exists().label("keeps_gold"),
        )
        .join_from(RECORD, PROJECT, PROJECT.c.id == RECORD.c.project_id)
        .join(PREFERENCES, PREFERENCES.c.annotator_id == RECORD.c.annotator_id, isouter=True)
        .join(SITTING, SITTING.c.annotator_id == RECORD.c.annotator_id, isouter=True)
        .where(_IS_OWN_RECORD)
    )


def _n_sensitive_today() -> sa.ScalarSelect[int]:
    # The limit of a day is one person's, across all projects.
    counted = sa.func.coalesce(sa.func.sum(WORK_DAY.c.n_sensitive), 0)
    return (
        sa.select(counted)
        .where(
            WORK_DAY.c.annotator_id == _ANNOTATOR_ID,
            WORK_DAY.c.day == sa.bindparam("today"),
        )
        .scalar_subquery()
    )


def _first_to_expire() -> sa.ScalarSelect[datetime | None]:
    # By the order of its index: to ask whether any ran out makes PostgreSQL read all places.
    return (
        sa.select(PLACE.c.leased_until)
        .where(
            PLACE.c.project_id == _PROJECT_ID,
            PLACE.c.label_id.is_(None),
            PLACE.c.leased_until.is_not(None),
        )
        .order_by(PLACE.c.leased_until)
        .limit(1)
        .scalar_subquery()
    )


def _n_held() -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .where(
            PLACE.c.project_id == _PROJECT_ID,
            PLACE.c.annotator_id == _ANNOTATOR_ID,
            PLACE.c.label_id.is_(None),
            PLACE.c.leased_until > sa.bindparam("now"),
        )
        .scalar_subquery()
    )


_PROJECT_ID = sa.bindparam("project_id", type_=sa.Uuid())
_ANNOTATOR_ID = sa.bindparam("annotator_id", type_=sa.Uuid())
_IS_OWN_RECORD = sa.and_(RECORD.c.project_id == _PROJECT_ID, RECORD.c.annotator_id == _ANNOTATOR_ID)
_LOCK = Statement(
    sa.select(RECORD.c.annotator_id)
    .where(_IS_OWN_RECORD)
    .with_for_update(of=RECORD, key_share=True)
)
# What an answer leaves waiting is nothing that is read here.
_DESK = Statement(_desk(), ahead=True)
