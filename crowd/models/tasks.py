"""Tables of tasks, of the places for their labels, and of the leases that give them out."""

import secrets
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject

LOTS = 2**31 - 1


def draw_lot() -> int:
    """Return the random number of a new task."""
    return secrets.randbelow(LOTS)


class TaskState(StrEnum):
    """Whether a task still asks for labels."""

    OPEN = "open"
    COMPLETE = "complete"


class Origin(StrEnum):
    """Where a task or a label comes from."""

    CROWD = "crowd"
    REVIEW = "review"
    TRAINING = "training"


class LeaseReason(StrEnum):
    """Why an annotator was given a task; kept, so that the page can say it later."""

    GOLD = "gold"
    PRIORITY = "priority"
    ORDER = "order"
    EXTRA_OPINION = "extra_opinion"
    TRAINING = "training"
    AUDIT = "audit"


class LeaseState(StrEnum):
    """What became of a lease; one that merely ran out stays `held`, past its time."""

    HELD = "held"
    LABELLED = "labelled"
    SKIPPED = "skipped"
    RELEASED = "released"


class SkipReason(StrEnum):
    """Why an annotator passed on a task; `not_good_for_me` never counts against anyone."""

    UNCLEAR = "unclear"
    BROKEN = "broken"
    NOT_GOOD_FOR_ME = "not_good_for_me"


class TaskUse(StrEnum):
    """What a task is for; the answer to gold and to training is known."""

    ORDINARY = "ordinary"
    GOLD = "gold"
    TRAINING = "training"


class Purpose(StrEnum):
    """Why a place was opened."""

    ORDINARY = "ordinary"
    GOLD = "gold"
    EXTRA_OPINION = "extra_opinion"
    AUDIT = "audit"


class Task(SQLModel, table=True):
    """What an annotator is asked; state and confidence follow each label, in its transaction."""

    __tablename__ = "task"
    __table_args__ = (
        sa.UniqueConstraint("project_id", "external_id"),
        sa.Index("ix_task_project_state", "project_id", "state"),
        sa.Index(
            "ix_task_gold",
            "project_id",
            "lot",
            sqlite_where=sa.text("gold_answer IS NOT NULL"),
            postgresql_where=sa.text("gold_answer IS NOT NULL"),
        ),
        sa.Index(
            "ix_task_training",
            "project_id",
            sqlite_where=sa.text("use = 'training'"),
            postgresql_where=sa.text("use = 'training'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    external_id: str
    origin: Origin = Field(sa_type=enum_type(Origin))
    payload: JsonObject = Field(sa_type=sa.JSON)
    priority: int = 0
    position: int
    use: TaskUse = Field(
        default=TaskUse.ORDINARY,
        sa_type=enum_type(TaskUse),
        sa_column_kwargs={"server_default": "ordinary"},
    )
    gold_answer: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    # A random number, by which gold is drawn: annotators cannot tell each other what comes next.
    lot: int = Field(default_factory=draw_lot, sa_column_kwargs={"server_default": "0"})
    # Why the known answer is right, in one sentence; shown after training.
    explanation: str = Field(default="", sa_column_kwargs={"server_default": ""})
    # A machine's answer, which the project may show to a share of the annotators.
    suggestion: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    state: TaskState = Field(default=TaskState.OPEN, sa_type=enum_type(TaskState))
    n_labels: int = 0
    answer: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    confidence: float | None = None
    created_at: datetime


class Place(SQLModel, table=True):
    """Room for one label of a task: no label too many, by these rows and not by counting.

    `rank` orders the places that anyone may be given. One without a rank is not handed out:
    it is one annotator's gold, or its task needs no more labels.
    """

    __tablename__ = "place"
    __table_args__ = (
        # One annotator never has two places of the same task.
        sa.UniqueConstraint("task_id", "annotator_id"),
        sa.Index(
            "ix_place_next",
            "project_id",
            "rank",
            "number",
            sqlite_where=sa.text("label_id IS NULL AND rank IS NOT NULL"),
            postgresql_where=sa.text("label_id IS NULL AND rank IS NOT NULL"),
        ),
        sa.Index(
            "ix_place_held",
            "annotator_id",
            "project_id",
            sqlite_where=sa.text("label_id IS NULL"),
            postgresql_where=sa.text("label_id IS NULL"),
        ),
        # What ran out is found here and returned to the queue.
        sa.Index(
            "ix_place_leased_until",
            "project_id",
            "leased_until",
            sqlite_where=sa.text("label_id IS NULL AND leased_until IS NOT NULL"),
            postgresql_where=sa.text("label_id IS NULL AND leased_until IS NOT NULL"),
        ),
        # Without the empty places: SQLite would look all of them up here to find a free one.
        sa.Index(
            "uq_place_label",
            "label_id",
            unique=True,
            sqlite_where=sa.text("label_id IS NOT NULL"),
            postgresql_where=sa.text("label_id IS NOT NULL"),
        ),
    )

    task_id: UUID = Field(foreign_key="task.id", primary_key=True)
    number: int = Field(primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    rank: int | None = Field(default=None, sa_type=sa.BigInteger)
    purpose: Purpose = Field(
        default=Purpose.ORDINARY,
        sa_type=enum_type(Purpose),
        sa_column_kwargs={"server_default": "ordinary"},
    )
    annotator_id: UUID | None = None
    lease_id: UUID | None = Field(default=None, unique=True)
    leased_until: datetime | None = None
    label_id: UUID | None = None


class Lease(SQLModel, table=True):
    """The right of one annotator to answer one task until a time."""

    __tablename__ = "lease"
    __table_args__ = (
        sa.ForeignKeyConstraint(["task_id", "place_number"], ["place.task_id", "place.number"]),
        sa.Index("ix_lease_annotator_task", "annotator_id", "task_id"),
        sa.Index("ix_lease_place", "task_id", "place_number"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    task_id: UUID = Field(foreign_key="task.id")
    # None for training, which takes no place.
    place_number: int | None = None
    annotator_id: UUID = Field(foreign_key="account.id")
    reason: LeaseReason = Field(sa_type=enum_type(LeaseReason))
    state: LeaseState = Field(default=LeaseState.HELD, sa_type=enum_type(LeaseState))
    skip_reason: SkipReason | None = Field(default=None, sa_type=enum_type(SkipReason))
    instructions_version: int
    # None where there was no suggestion; else whether this annotator saw it.
    suggestion_shown: bool | None = None
    # What the annotator was shown, and is paid whatever the project pays by then.
    pay_minor: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    # Measured by the page's heartbeats, idle gaps left out.
    active_seconds: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    last_beat_at: datetime | None = None
    given_at: datetime
    expires_at: datetime
