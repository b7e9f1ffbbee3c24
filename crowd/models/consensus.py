"""Tables of what is made of labels: consensus, reliability, outcomes, data sets."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import WorkState


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
    # What ran in the end, which is simpler than the method where the crowd was too small for that.
    algorithm: str = Field(default="", sa_column_kwargs={"server_default": ""})
    fallback: str = Field(default="", sa_column_kwargs={"server_default": ""})
    # How confidence was corrected by gold; empty before the end.
    calibration: JsonObject = Field(
        default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"}
    )
    parameters: JsonObject = Field(default_factory=dict, sa_type=sa.JSON)
    state: WorkState = Field(sa_type=enum_type(WorkState))
    input_digest: str = ""
    result_digest: str = ""
    n_tasks: int = 0
    n_labels: int = 0
    labels_saved: int = 0
    # How many labels the project had when the run was asked for, of which it may use fewer.
    labels_at_request: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    # What the job is doing, in words; empty before and after.
    stage: str = Field(default="", sa_column_kwargs={"server_default": ""})
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
    # The 95 % limits of a number.
    low: float | None = None
    high: float | None = None


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
    # What else a model says of the annotator, by name; see docs/how-to/understand-a-consensus.md.
    traits: JsonObject = Field(
        default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"}
    )


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
