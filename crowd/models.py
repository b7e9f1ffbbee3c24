"""Tables of projects, tasks, places, leases, labels and what is made of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import WorkState


class TaskType(StrEnum):
    """What kind of answer a task asks for; `crowd.task_types` has a module for each."""

    SINGLE_CHOICE = "single_choice"


class ProjectState(StrEnum):
    """Where a project stands; only an open one hands out tasks."""

    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class TaskState(StrEnum):
    """Whether a task still asks for labels."""

    OPEN = "open"
    COMPLETE = "complete"


class Origin(StrEnum):
    """Where a task or a label comes from."""

    CROWD = "crowd"
    REVIEW = "review"


class LeaseReason(StrEnum):
    """Why an annotator was given a task; kept, so that the page can say it later."""

    GOLD = "gold"
    PRIORITY = "priority"
    ORDER = "order"
    EXTRA_OPINION = "extra_opinion"


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


class Fate(StrEnum):
    """Whether a label took a place, or came too late for one; both are kept and paid."""

    ACCEPTED = "accepted"
    SURPLUS = "surplus"


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
    lease_seconds: int
    pay_minor: int
    currency: str
    gold_share: float
    group_fields: JsonObject = Field(sa_type=sa.JSON)
    state: ProjectState = Field(sa_type=enum_type(ProjectState))
    # Raised by whoever adds tasks, which also makes them take turns.
    next_position: int = 0
    created_by: UUID
    created_at: datetime


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
    requested_by: UUID
    created_at: datetime


class Task(SQLModel, table=True):
    """What an annotator is asked; state and confidence follow each label, in its transaction."""

    __tablename__ = "task"
    __table_args__ = (
        sa.UniqueConstraint("project_id", "external_id"),
        sa.Index("ix_task_project_state", "project_id", "state"),
        sa.Index(
            "ix_task_gold",
            "project_id",
            sqlite_where=sa.text("gold_answer IS NOT NULL"),
            postgresql_where=sa.text("gold_answer IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    external_id: str
    origin: Origin = Field(sa_type=enum_type(Origin))
    payload: JsonObject = Field(sa_type=sa.JSON)
    priority: int = 0
    position: int
    gold_answer: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
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
    place_number: int
    annotator_id: UUID = Field(foreign_key="account.id")
    reason: LeaseReason = Field(sa_type=enum_type(LeaseReason))
    state: LeaseState = Field(default=LeaseState.HELD, sa_type=enum_type(LeaseState))
    skip_reason: SkipReason | None = Field(default=None, sa_type=enum_type(SkipReason))
    instructions_version: int
    given_at: datetime
    expires_at: datetime


class Label(SQLModel, table=True):
    """One annotator's answer to one task. A revised label stays, no longer current."""

    __tablename__ = "label"
    __table_args__ = (
        # The cap and the one-answer rule, held by the database itself.
        sa.Index(
            "uq_label_current_annotator",
            "task_id",
            "annotator_id",
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        ),
        sa.Index(
            "uq_label_current_place",
            "task_id",
            "place_number",
            unique=True,
            sqlite_where=sa.text("is_current AND place_number IS NOT NULL"),
            postgresql_where=sa.text("is_current AND place_number IS NOT NULL"),
        ),
        sa.Index("ix_label_project_annotator", "project_id", "annotator_id"),
        sa.Index("ix_label_task", "task_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    task_id: UUID = Field(foreign_key="task.id")
    annotator_id: UUID = Field(foreign_key="account.id", index=True)
    lease_id: UUID | None = Field(default=None, foreign_key="lease.id", index=True)
    place_number: int | None = None
    origin: Origin = Field(sa_type=enum_type(Origin))
    answer: Json = Field(sa_type=sa.JSON)
    fate: Fate = Field(sa_type=enum_type(Fate))
    is_current: bool = True
    supersedes_id: UUID | None = Field(default=None, foreign_key="label.id")
    active_seconds: float
    instructions_version: int
    created_at: datetime


class Earning(SQLModel, table=True):
    """One line of an annotator's pay ledger, in minor units (cents)."""

    __tablename__ = "earning"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    annotator_id: UUID = Field(foreign_key="account.id", index=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    lease_id: UUID = Field(foreign_key="lease.id", unique=True)
    amount_minor: int
    currency: str
    earned_at: datetime


class AnnotatorRecord(SQLModel, table=True):
    """What is known of an annotator in a project: labels given, and gold answered right."""

    __tablename__ = "annotator_record"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    annotator_id: UUID = Field(foreign_key="account.id", primary_key=True)
    n_labels: int = 0
    gold_seen: int = 0
    gold_right: int = 0
    active_seconds: float = 0.0
    # Up to which place the search for their next task has come.
    last_rank: int | None = Field(default=None, sa_type=sa.BigInteger)


class Outcome(SQLModel, table=True):
    """What turned out to be true of a case: measured against, never shown or learned from."""

    __tablename__ = "outcome"

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    external_id: str = Field(primary_key=True)
    answer: Json = Field(sa_type=sa.JSON)
    source: str
    recorded_at: datetime


class ConsensusRun(SQLModel, table=True):
    """One aggregation of a project's labels, with all that is needed to derive it again."""

    __tablename__ = "consensus_run"
    __table_args__ = (sa.UniqueConstraint("project_id", "number"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    number: int
    method: str
    method_version: str = ""
    parameters: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    state: WorkState = Field(sa_type=enum_type(WorkState))
    input_digest: str = ""
    result_digest: str = ""
    n_tasks: int = 0
    n_labels: int = 0
    labels_saved: int = 0
    iterations: int = 0
    converged: bool = False
    agreement: float | None = None
    agreement_low: float | None = None
    agreement_high: float | None = None
    requested_by: UUID
    created_at: datetime
    finished_at: datetime | None = None


class Consensus(SQLModel, table=True):
    """The aggregated answer to one task in one run, with its confidence."""

    __tablename__ = "consensus"

    run_id: UUID = Field(foreign_key="consensus_run.id", primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", primary_key=True)
    answer: Json = Field(sa_type=sa.JSON)
    confidence: float
    posterior: list[float] = Field(sa_type=sa.JSON)
    n_labels: int


class AnnotatorReliability(SQLModel, table=True):
    """How reliable an annotator was found to be in one run: chance of a right answer, 95 %."""

    __tablename__ = "annotator_reliability"

    run_id: UUID = Field(foreign_key="consensus_run.id", primary_key=True)
    annotator_id: UUID = Field(foreign_key="account.id", primary_key=True)
    reliability: float
    low: float
    high: float
    n_labels: int
    confusion: list[list[float]] = Field(sa_type=sa.JSON)


class DataSet(SQLModel, table=True):
    """A consensus run written out for an ML team: files by format, and a manifest of digests."""

    __tablename__ = "data_set"
    __table_args__ = (sa.UniqueConstraint("project_id", "number"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    consensus_run_id: UUID = Field(foreign_key="consensus_run.id", index=True)
    number: int
    state: WorkState = Field(sa_type=enum_type(WorkState))
    n_rows: int = 0
    digest: str = ""
    manifest: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    requested_by: UUID
    created_at: datetime
    finished_at: datetime | None = None
