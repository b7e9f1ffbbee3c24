"""Tables of what is known of annotators, what was noticed of them, and what they contest."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject

_ZERO = {"server_default": "0"}
_EMPTY = {"server_default": ""}
_OBJECT = {"server_default": "{}"}


class Standing(StrEnum):
    """Whether an annotator may work in a project, and if not, what for; never silent."""

    GOOD = "good"
    WARNED = "warned"
    PAUSED = "paused"
    RETRAINING = "retraining"


class Qualification(StrEnum):
    """How far an annotator has come in a project's training."""

    NONE = "none"
    PASSED = "passed"
    FAILED = "failed"


class Pattern(StrEnum):
    """What may be noticed of somebody's answers; none of them is proof."""

    TOO_FAST = "too_fast"
    CONSTANT = "constant"
    COPIED = "copied"
    FAILING_GOLD = "failing_gold"


class WatchAction(StrEnum):
    """What a project declares to follow from a pattern."""

    WARN = "warn"
    PAUSE = "pause"
    RETRAIN = "retrain"
    REVIEW = "review"


class SuspicionState(StrEnum):
    """What became of a suspicion."""

    OPEN = "open"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"


class AppealState(StrEnum):
    """What became of an appeal."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


class AnnotatorRecord(SQLModel, table=True):
    """What is known of an annotator in a project: labels given, and gold answered right."""

    __tablename__ = "annotator_record"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    annotator_id: UUID = Field(foreign_key="account.id", primary_key=True)
    n_labels: int = 0
    gold_seen: int = 0
    gold_right: int = 0
    active_seconds: float = 0.0
    # Up to which place the search for their next task has come, in each lane of the queue.
    cursors: JsonObject = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs=_OBJECT)
    # When the search last began anew, to find what it may have passed by.
    searched_anew_at: datetime | None = None
    # How far the others agreed with their answers, each weighted by how sure the others were.
    agreed: float = Field(default=0.0, sa_column_kwargs=_ZERO)
    compared: float = Field(default=0.0, sa_column_kwargs=_ZERO)
    # The chance of a right answer by the latest consensus run, and how many answers it rests on.
    run_reliability: float | None = None
    run_labels: int = Field(default=0, sa_column_kwargs=_ZERO)
    # The latest checks, oldest first: "1" for right, "0" for other.
    recent_gold: str = Field(default="", sa_column_kwargs=_EMPTY)
    # How many of the latest answers in a row were too fast, and were the same.
    fast_run: int = Field(default=0, sa_column_kwargs=_ZERO)
    same_run: int = Field(default=0, sa_column_kwargs=_ZERO)
    last_answer: str = Field(default="", sa_column_kwargs=_EMPTY)
    standing: Standing = Field(
        default=Standing.GOOD,
        sa_type=enum_type(Standing),
        sa_column_kwargs={"server_default": "good"},
    )
    # The sentence that the annotator reads.
    standing_reason: str = Field(default="", sa_column_kwargs=_EMPTY)
    qualification: Qualification = Field(
        default=Qualification.NONE,
        sa_type=enum_type(Qualification),
        sa_column_kwargs={"server_default": "none"},
    )
    qualified_until: datetime | None = None
    # Of the present round of training.
    training_seen: int = Field(default=0, sa_column_kwargs=_ZERO)
    training_right: int = Field(default=0, sa_column_kwargs=_ZERO)


class AnnotatorPreferences(SQLModel, table=True):
    """What an annotator opted in to."""

    __tablename__ = "annotator_preferences"

    annotator_id: UUID = Field(foreign_key="account.id", primary_key=True)
    accepted_flags: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    changed_at: datetime


class Suspicion(SQLModel, table=True):
    """A pattern that was noticed of an annotator, what followed, and what a person made of it."""

    __tablename__ = "suspicion"
    __table_args__ = (
        sa.Index("ix_suspicion_project_state", "project_id", "state"),
        # The same pattern is raised once until somebody has settled it.
        sa.Index(
            "uq_suspicion_open",
            "project_id",
            "annotator_id",
            "pattern",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    annotator_id: UUID = Field(foreign_key="account.id", index=True)
    pattern: Pattern = Field(sa_type=enum_type(Pattern))
    action: WatchAction = Field(sa_type=enum_type(WatchAction))
    evidence: JsonObject = Field(sa_type=sa.JSON)
    state: SuspicionState = Field(sa_type=enum_type(SuspicionState))
    found_at: datetime
    # What the annotator says to it, for whoever settles it.
    objection: str = Field(default="", sa_column_kwargs=_EMPTY)
    settled_by: UUID | None = None
    settled_at: datetime | None = None
    note: str = ""


class Appeal(SQLModel, table=True):
    """An annotator's word against how an answer was judged, and what a second person decided."""

    __tablename__ = "appeal"
    __table_args__ = (sa.Index("ix_appeal_project_state", "project_id", "state"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    task_id: UUID = Field(foreign_key="task.id", index=True)
    label_id: UUID = Field(foreign_key="label.id", unique=True)
    annotator_id: UUID = Field(foreign_key="account.id", index=True)
    reason: str
    state: AppealState = Field(sa_type=enum_type(AppealState))
    gold_before: Json = Field(sa_type=sa.JSON)
    gold_after: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    created_at: datetime
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
