"""Tables of projects: their rules, their instructions, and the files of tasks they got."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import WorkState

_LIST = {"server_default": "[]"}
_OBJECT = {"server_default": "{}"}


class TaskType(StrEnum):
    """What kind of answer a task asks for; `crowd.task_types` has a module for each."""

    SINGLE_CHOICE = "single_choice"
    MULTIPLE_CHOICE = "multiple_choice"
    RATING = "rating"
    NUMBER = "number"
    TEXT = "text"
    SPANS = "spans"
    BOXES = "boxes"
    PREFERENCE = "preference"
    RANKING = "ranking"


class ProjectState(StrEnum):
    """Where a project stands; only an open one hands out tasks."""

    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class ContentFlag(StrEnum):
    """What may hurt who looks at it; an annotator opts in to each, or is not asked."""

    VIOLENCE = "violence"
    SEXUAL = "sexual"
    SELF_HARM = "self_harm"
    HATE = "hate"
    MEDICAL = "medical"
    OTHER = "other"


class Project(SQLModel, table=True):
    """A question put to annotators, and the rules under which they answer it."""

    __tablename__ = "project"
    __table_args__ = (
        sa.CheckConstraint("floor >= 1 AND ceiling >= floor", name="floor_below_ceiling"),
        sa.CheckConstraint("confidence > 0 AND confidence <= 1", name="confidence_is_a_share"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(unique=True)
    title: str
    task_type: TaskType = Field(sa_type=enum_type(TaskType))
    answer_schema: JsonObject = Field(sa_type=sa.JSON)
    instructions_version: int
    floor: int
    ceiling: int
    confidence: float
    # The most labels that the project may collect, gold and surplus too; None for no limit.
    budget_labels: int | None = None
    # After so many new labels a consensus is asked for; None for never by itself.
    consensus_every: int | None = None
    consensus_at_close: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    lease_seconds: int
    revision_seconds: int = Field(default=900, sa_column_kwargs={"server_default": "900"})
    pay_minor: int
    currency: str
    # What an hour of active work is to come to at least, in minor units.
    pay_floor_minor: int | None = None
    pay_alarm_at: datetime | None = None
    # The floor that the standing alarm was raised for: to lower the promise does not end it.
    pay_alarm_floor_minor: int | None = None
    gold_share: float
    # The share of leases that show a task's suggestion; the rest measures how far it leads.
    suggestion_share: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    # Training tasks to answer before the first real one; 0 where no qualification is asked.
    training_questions: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    training_pass_share: float = Field(default=0.8, sa_column_kwargs={"server_default": "0.8"})
    qualification_days: int | None = None
    content_flags: list[str] = Field(default_factory=list, sa_type=sa.JSON, sa_column_kwargs=_LIST)
    sensitive_per_day: int | None = None
    break_after_minutes: int = Field(default=50, sa_column_kwargs={"server_default": "50"})
    session_cap_minutes: int | None = None
    # Which suspicious patterns are watched for, and what follows; see crowd.watching.
    watch: JsonObject = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs=_OBJECT)
    group_fields: JsonObject = Field(sa_type=sa.JSON)
    state: ProjectState = Field(sa_type=enum_type(ProjectState))
    # Raised by whoever adds tasks, which also makes them take turns.
    next_position: int = 0
    # A person's word why a project runs although it pays under its floor.
    pay_exception: str | None = None
    created_by: UUID
    created_at: datetime


class ProjectQueue(SQLModel, table=True):
    """The turn that the next returned place of a project gets.

    Whoever takes a turn holds this row until the commit, so turns become visible in their order:
    a search that has passed a turn never misses an earlier one.
    """

    __tablename__ = "project_queue"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    next_turn: int = Field(default=0, sa_type=sa.BigInteger)


class Instructions(SQLModel, table=True):
    """One version of a project's instructions, in Markdown."""

    __tablename__ = "instructions"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    version: int = Field(primary_key=True)
    text: str
    created_at: datetime


class TaskImport(SQLModel, table=True):
    """One file of tasks and what became of its rows."""

    __tablename__ = "task_import"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    file_name: str
    file_digest: str
    state: WorkState = Field(sa_type=enum_type(WorkState))
    # How far a run got, so that a second run goes on there and counts nothing twice.
    rows_read: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0
    problems: list[Json] = Field(default_factory=list, sa_type=sa.JSON)
    # How large the file is and how much of it was read, for the progress bar.
    n_bytes: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})
    bytes_read: int = Field(
        default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"}
    )
    # The file of refused rows by line and reason: how much of it is certain while the import runs,
    # and its digest in the file store once it is whole.
    problems_bytes: int = Field(
        default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"}
    )
    problems_digest: str | None = None
    # When the first and the latest batch of rows were added.
    started_at: datetime | None = None
    advanced_at: datetime | None = None
    requested_by: UUID
    created_at: datetime
