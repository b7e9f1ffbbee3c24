"""Tables of policies, models, decisions, reviews and reports."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import WorkState


class VersionState(StrEnum):
    """Where a model version stands; at most one version of a model is active."""

    TRAINING = "training"
    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    FAILED = "failed"


class DecisionState(StrEnum):
    """What became of a decision."""

    RELEASED = "released"
    HELD = "held"
    CONFIRMED = "confirmed"
    OVERRIDDEN = "overridden"
    DISREGARDED = "disregarded"
    REVERSED = "reversed"


class Act(StrEnum):
    """What a reviewer may do with a decision. Four different acts, never one button."""

    CONFIRM = "confirm"
    OVERRIDE = "override"
    DISREGARD = "disregard"
    REVERSE = "reverse"


class ReasonCode(StrEnum):
    """Why a reviewer did not follow the model; docs/reference/reason-codes.md explains each."""

    NEW_EVIDENCE = "new_evidence"
    """Something is known now that the model was not shown."""
    MODEL_MISREAD_CASE = "model_misread_case"
    """The model had the facts and weighed them wrongly."""
    OUTSIDE_MODEL_SCOPE = "outside_model_scope"
    """The model was not made for a case like this."""
    DATA_ERROR = "data_error"
    """What the model was shown is wrong."""
    UNFAIR_TO_PERSON = "unfair_to_person"
    """The answer would treat this person unfairly."""
    POLICY_EXCEPTION = "policy_exception"
    """A rule outside the model allows or demands another answer."""


class ReportKind(StrEnum):
    """What a report measures; `governance.reports` has a module for each."""

    MODEL_FAIRNESS = "model_fairness"
    ANNOTATOR_FAIRNESS = "annotator_fairness"


class Policy(SQLModel, table=True):
    """One version of a project's rules for decisions and promotions, set by an officer."""

    __tablename__ = "policy"
    __table_args__ = (
        sa.CheckConstraint("hold_below > 0 AND hold_below <= 1", name="hold_below_is_a_share"),
    )

    project_id: UUID = Field(foreign_key="project.id", primary_key=True)
    version: int = Field(primary_key=True)
    hold_below: float
    high_stakes: list[Json] = Field(sa_type=sa.JSON)
    review_minutes: int
    shortest_reason: int
    gate: JsonObject = Field(sa_type=sa.JSON)
    set_by: UUID
    set_at: datetime


class Model(SQLModel, table=True):
    """A model of one project, in versions."""

    __tablename__ = "model"
    __table_args__ = (sa.UniqueConstraint("project_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    name: str
    created_by: UUID
    created_at: datetime


class ModelVersion(SQLModel, table=True):
    """One trained version: what it learned from, what it is, how it did, who let it act."""

    __tablename__ = "model_version"
    __table_args__ = (
        sa.UniqueConstraint("model_id", "number"),
        sa.Index(
            "uq_model_version_active",
            "model_id",
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    model_id: UUID = Field(foreign_key="model.id")
    number: int
    state: VersionState = Field(sa_type=enum_type(VersionState))
    data_set_id: UUID = Field(foreign_key="data_set.id", index=True)
    data_set_digest: str = ""
    parameters: JsonObject = Field(sa_type=sa.JSON)
    artifact_digest: str = ""
    metrics: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    gate: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    figures: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    requested_by: UUID
    created_at: datetime
    trained_at: datetime | None = None
    promoted_by: UUID | None = None
    promoted_at: datetime | None = None


class DecisionBatch(SQLModel, table=True):
    """Cases that a team submitted for decision together, and whether they have been decided."""

    __tablename__ = "decision_batch"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    model_id: UUID = Field(foreign_key="model.id")
    cases: list[Json] = Field(sa_type=sa.JSON)
    state: WorkState = Field(sa_type=enum_type(WorkState))
    released: int = 0
    held: int = 0
    known: int = 0
    requested_by: UUID
    created_at: datetime


class Decision(SQLModel, table=True):
    """What a model proposed for one case, and what became of it."""

    __tablename__ = "decision"
    __table_args__ = (
        sa.UniqueConstraint("model_version_id", "case_ref"),
        sa.Index("ix_decision_queue", "project_id", "state", "due_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id")
    model_version_id: UUID = Field(foreign_key="model_version.id")
    policy_version: int
    case_ref: str
    payload: JsonObject = Field(sa_type=sa.JSON)
    proposed: Json = Field(sa_type=sa.JSON)
    probability: float
    explanation: list[Json] = Field(sa_type=sa.JSON)
    is_high_stakes: bool
    hold_reason: str = ""
    audit_entry_id: UUID = Field(foreign_key="audit_entry.id", unique=True)
    state: DecisionState = Field(sa_type=enum_type(DecisionState))
    outcome: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    claimed_by: UUID | None = None
    claimed_until: datetime | None = None
    created_at: datetime
    due_at: datetime | None = None
    settled_at: datetime | None = None


class CaseView(SQLModel, table=True):
    """That a reviewer was shown a case: what exactly, and from when."""

    __tablename__ = "case_view"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    decision_id: UUID = Field(foreign_key="decision.id", index=True)
    reviewer_id: UUID = Field(foreign_key="account.id", index=True)
    shown_digest: str
    shown_at: datetime


class Review(SQLModel, table=True):
    """A human's act on a decision. Never changed: a later act is another row."""

    __tablename__ = "review"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    decision_id: UUID = Field(foreign_key="decision.id", index=True)
    case_view_id: UUID = Field(foreign_key="case_view.id")
    reviewer_id: UUID = Field(foreign_key="account.id", index=True)
    act: Act = Field(sa_type=enum_type(Act))
    before: Json = Field(sa_type=sa.JSON)
    after: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    reason_codes: list[str] = Field(sa_type=sa.JSON)
    reason_text: str
    seconds: float
    audit_entry_id: UUID = Field(foreign_key="audit_entry.id", unique=True)
    decided_at: datetime


class Report(SQLModel, table=True):
    """One run of a report: its definition, what it found, and the pictures of it."""

    __tablename__ = "report"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="project.id", index=True)
    kind: ReportKind = Field(sa_type=enum_type(ReportKind))
    model_version_id: UUID | None = Field(default=None, foreign_key="model_version.id", index=True)
    definition: JsonObject = Field(sa_type=sa.JSON)
    state: WorkState = Field(sa_type=enum_type(WorkState))
    result: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    figures: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    digest: str = ""
    log_size: int = 0
    requested_by: UUID
    created_at: datetime
    finished_at: datetime | None = None
