"""What clients send and see of imports."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from folkmoot.api.operations import View
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.outbox import WorkState


class ImportQuery(BaseModel):
    """The name of the file that is imported; its ending says how to read it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_name: str = Field(pattern=r"^[^/\\]{1,200}\.(csv|jsonl|json|parquet)$")


class ImportView(View):
    """One file of tasks, how far it is read, and what became of its rows."""

    id: UUID
    project_id: UUID
    file_name: str
    state: WorkState
    n_bytes: int
    bytes_read: int
    rows_read: int
    added: int
    known: int
    refused: int
    problems: list[Json]
    created_at: datetime
    started_at: datetime | None
    advanced_at: datetime | None
