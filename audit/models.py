"""Tables of the audit log: entries, the tree's head, checkpoints; texts are in models_personal."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from audit.actions import Action
from audit.models_personal import (
    Disclosure,
    ErasedText,
    ErasureRequest,
    ForgottenFile,
    LegalHold,
    RecordClass,
    RequestState,
    RetentionRule,
    SubjectKey,
)
from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject

__all__ = [
    "ActorCounter",
    "Disclosure",
    "Entry",
    "ErasedText",
    "ErasureRequest",
    "ForgottenFile",
    "LegalHold",
    "LogHead",
    "RecordClass",
    "RequestState",
    "RetentionRule",
    "SignedCheckpoint",
    "SubjectKey",
    "Verification",
]


class Entry(SQLModel, table=True):
    """One record of the log; `envelope` holds the canonical bytes that the tree commits to."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.UniqueConstraint("actor_id", "actor_sequence"),
        sa.Index(
            "ix_audit_entry_unsealed",
            "id",
            sqlite_where=sa.text("leaf_index IS NULL"),
            postgresql_where=sa.text("leaf_index IS NULL"),
        ),
        sa.Index("ix_audit_entry_subject", "subject_type", "subject_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    action: Action = Field(sa_type=enum_type(Action), index=True)
    actor_id: UUID  # found by the pair above
    actor_sequence: int
    subject_type: str
    subject_id: UUID
    project_id: UUID | None = Field(default=None, index=True)
    recorded_at: datetime = Field(index=True)
    envelope: bytes
    leaf_hash: bytes
    leaf_index: int | None = Field(default=None, unique=True)


class ActorCounter(SQLModel, table=True):
    """How many entries an actor has: their numbers have no gap, so a missing one shows."""

    __tablename__ = "audit_actor_counter"

    actor_id: UUID = Field(primary_key=True)
    last_sequence: int


class LogHead(SQLModel, table=True):
    """The tree so far: its size and the O(log n) hashes that any extension needs."""

    __tablename__ = "audit_log_head"

    origin: str = Field(primary_key=True)
    size: int
    frontier: JsonObject = Field(sa_type=sa.JSON)


class SignedCheckpoint(SQLModel, table=True):
    """A signed statement of the log's size and root, as a C2SP signed note."""

    __tablename__ = "audit_checkpoint"

    size: int = Field(primary_key=True)
    note: str
    signed_at: datetime


class Verification(SQLModel, table=True):
    """One check of the whole log: how far, by whom, and what was found wrong."""

    __tablename__ = "audit_verification"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    size: int
    findings: list[Json] = Field(sa_type=sa.JSON)
    verified_by: UUID
    verified_at: datetime
