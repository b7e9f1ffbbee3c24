"""Tables of personal texts: sealed for one person each, and what was erased, held or is kept."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id


class RecordClass(StrEnum):
    """Kinds of entries that are kept for different times; `audit.retention` says which is which."""

    DECISIONS = "decisions"
    """Decisions, reviews, policies, models and reports."""
    CROWD = "crowd"
    """Projects, tasks, labels, consensus, pay and what became of annotators."""
    ACCOUNTS = "accounts"
    """Accounts, roles, tokens."""
    SIGN_INS = "sign_ins"
    """Who signed in, or tried to."""
    THE_LOG = "the_log"
    """Erasures, holds, retention and checks: what explains the log itself. Kept for ever."""


class Disclosure(SQLModel, table=True):
    """A personal or free-text field of an entry: text and salt, sealed by one person's key."""

    __tablename__ = "audit_disclosure"

    entry_id: UUID = Field(foreign_key="audit_entry.id", primary_key=True)
    field: str = Field(primary_key=True)
    # Whose text it is: who erases that person erases it.
    person_id: UUID = Field(index=True)
    sealed: bytes


class SubjectKey(SQLModel, table=True):
    """The key of one person's texts, wrapped by a key that lies outside the database.

    No foreign key leads here: a backup of the database leaves this table out.
    """

    __tablename__ = "audit_subject_key"

    person_id: UUID = Field(primary_key=True)
    wrapped: bytes
    # Which wrapping key was used, as `audit.wrapping_keys` names it.
    wrapped_by: str = Field(index=True)
    made_at: datetime


class ErasedText(SQLModel, table=True):
    """That a field of an entry was erased, and by which entry of an erasure."""

    __tablename__ = "audit_erased_text"

    entry_id: UUID = Field(primary_key=True)
    field: str = Field(primary_key=True)
    erasure_id: UUID = Field(foreign_key="audit_entry.id", index=True)


class ForgottenFile(SQLModel, table=True):
    """A stored file that an erasure is to delete; the row goes once the file is gone."""

    __tablename__ = "audit_forgotten_file"

    digest: str = Field(primary_key=True)
    asked_at: datetime


class RequestState(StrEnum):
    """What became of somebody's wish to be erased."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


class ErasureRequest(SQLModel, table=True):
    """That a person asked to be erased, and what an officer decided."""

    __tablename__ = "audit_erasure_request"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(index=True)
    state: RequestState = Field(sa_type=enum_type(RequestState))
    asked_at: datetime
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    # Why it was refused, for the person to read.
    reason: str = ""


class LegalHold(SQLModel, table=True):
    """That nothing of a person, of a project, or of anyone may be erased until it is released."""

    __tablename__ = "audit_legal_hold"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, index=True)
    project_id: UUID | None = Field(default=None, index=True)
    reason: str
    set_by: UUID
    set_at: datetime
    released_by: UUID | None = None
    released_at: datetime | None = None


class RetentionRule(SQLModel, table=True):
    """How long a class of entries and their texts are kept, where not as by default."""

    __tablename__ = "audit_retention_rule"

    record_class: RecordClass = Field(sa_type=enum_type(RecordClass), primary_key=True)
    entry_days: int
    text_days: int
    # Before that, a text is not erased on request either.
    text_minimum_days: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    set_by: UUID
    set_at: datetime
