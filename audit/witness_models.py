"""Tables of what witnesses said of the log: their cosignatures, and how each was last asked."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Cosignature(SQLModel, table=True):
    """One witness's signature line below the checkpoint of one size, and when it reached us.

    `key` is the witness's name and the hash of its key, as `name+hash`: a name can have two keys.
    """

    __tablename__ = "audit_cosignature"

    size: int = Field(primary_key=True)
    key: str = Field(primary_key=True, index=True)
    name: str
    line: str
    cosigned_at: datetime


class WitnessStanding(SQLModel, table=True):
    """When a witness was last asked, and what kept it from cosigning; empty where nothing did."""

    __tablename__ = "audit_witness_standing"

    key: str = Field(primary_key=True)
    asked_at: datetime
    problem: str = ""
