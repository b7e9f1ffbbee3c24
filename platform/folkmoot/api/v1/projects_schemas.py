"""What clients send and see of projects and outcomes."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd.models import ProjectState, TaskType
from crowd.outcomes import OutcomeRow
from folkmoot.api.operations import View
from folkmoot.kernel.json_values import JsonObject


class ProjectView(View):
    """A project and its rules."""

    id: UUID
    slug: str
    title: str
    task_type: TaskType
    answer_schema: JsonObject
    instructions_version: int
    floor: int
    ceiling: int
    confidence: float
    lease_seconds: int
    pay_minor: int
    currency: str
    gold_share: float
    group_fields: JsonObject
    state: ProjectState
    created_at: datetime


class StateChange(BaseModel):
    """The state that a project is to have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: ProjectState


class NewInstructions(BaseModel):
    """A new version of the instructions, in Markdown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1, max_length=100_000)


class Outcomes(BaseModel):
    """What turned out to be true of cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1, max_length=200)
    rows: list[OutcomeRow] = Field(min_length=1, max_length=100_000)


class Counted(View):
    """How many rows were taken."""

    stored: int


class IntegrityView(View):
    """What a recount of the whole history of a project finds; every number should be 0."""

    places_handed_out_twice: int
    tasks_over_ceiling: int
    labels_lost: int
    tasks_stuck: int
