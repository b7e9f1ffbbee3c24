"""Tables of what annotators answered, what they earned by it, and when they worked."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from crowd.models.tasks import Origin
from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject


class Fate(StrEnum):
    """Whether a label took a place, or came too late for one; both are kept and paid."""

    ACCEPTED = "accepted"
    SURPLUS = "surplus"


class EarningKind(StrEnum):
    """What an amount in the ledger is paid for."""

    LABEL = "label"
    APPEAL = "appeal"
    TOP_UP = "top_up"


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
    # What the annotator wanted to say beside the answer.
    note: str = Field(default="", sa_column_kwargs={"server_default": ""})
    instructions_version: int
    created_at: datetime


class Earning(SQLModel, table=True):
    """One line of an annotator's pay ledger, in minor units (cents)."""

    __tablename__ = "earning"
    __table_args__ = (
        # One answer is paid once; what an appeal restores is a line of its own.
        sa.UniqueConstraint("lease_id", "kind"),
        sa.Index("ix_earning_annotator_at", "annotator_id", "earned_at"),
        sa.Index("ix_earning_project_at", "project_id", "earned_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    annotator_id: UUID = Field(foreign_key="account.id")
    project_id: UUID = Field(foreign_key="project.id")
    lease_id: UUID | None = Field(default=None, foreign_key="lease.id")
    kind: EarningKind = Field(
        default=EarningKind.LABEL,
        sa_type=enum_type(EarningKind),
        sa_column_kwargs={"server_default": "label"},
    )
    # The export that told the payer of this line.
    payment_id: UUID | None = Field(default=None, foreign_key="payment_export.id", index=True)
    amount_minor: int
    currency: str
    earned_at: datetime


class PaymentExport(SQLModel, table=True):
    """One file for whoever pays: the ledger's lines that no earlier file held."""

    __tablename__ = "payment_export"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    file_digest: str
    n_lines: int
    totals: JsonObject = Field(sa_type=sa.JSON)
    requested_by: UUID
    created_at: datetime


class WorkDay(SQLModel, table=True):
    """What an annotator did and earned on one day, in UTC, in one project."""

    __tablename__ = "work_day"

    annotator_id: UUID = Field(foreign_key="account.id", primary_key=True)
    day: date = Field(primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    n_labels: int = 0
    # Sensitive tasks that were handed out, skipped ones too: what was seen was seen.
    n_sensitive: int = 0
    active_seconds: float = 0.0
    earned_minor: int = 0
    currency: str


class Sitting(SQLModel, table=True):
    """How long an annotator has been at work, across projects, as the page's heartbeats tell."""

    __tablename__ = "sitting"

    annotator_id: UUID = Field(foreign_key="account.id", primary_key=True)
    started_at: datetime
    last_beat_at: datetime
    # Since the last break of some minutes, and since the sitting began.
    seconds_since_break: float = 0.0
    active_seconds: float = 0.0
