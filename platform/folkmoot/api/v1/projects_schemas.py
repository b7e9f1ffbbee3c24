"""What clients send and see of projects and outcomes."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd.asking_again import MOST_AUDITS_AT_ONCE
from crowd.models import ContentFlag, ProjectState, TaskType
from crowd.outcomes import OutcomeRow
from crowd.prioritising import MOST_TASKS_AT_ONCE, ExternalId, Priority
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
    budget_labels: int | None
    consensus_every: int | None
    consensus_at_close: bool
    lease_seconds: int
    revision_seconds: int
    pay_minor: int
    currency: str
    pay_floor_minor: int | None
    pay_alarm_at: datetime | None
    pay_exception: str | None
    gold_share: float
    suggestion_share: float
    training_questions: int
    training_pass_share: float
    qualification_days: int | None
    content_flags: list[ContentFlag]
    sensitive_per_day: int | None
    break_after_minutes: int
    session_cap_minutes: int | None
    watch: JsonObject
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


class InstructionsQuery(BaseModel):
    """Which version is wanted; without one, the newest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class InstructionsView(View):
    """One version of the instructions, in Markdown; versions count from 1."""

    project_id: UUID
    version: int
    text: str
    created_at: datetime


class Priorities(BaseModel):
    """The priority of tasks by their external id; a higher one is handed out earlier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priorities: dict[ExternalId, Priority] = Field(min_length=1, max_length=MOST_TASKS_AT_ONCE)


class PrioritisedView(View):
    """How many tasks have another priority now; the others had the one that was asked for."""

    changed: int
    unchanged: int


class Audit(BaseModel):
    """Tasks that are done, each to be put to one more annotator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    external_ids: list[ExternalId] = Field(min_length=1, max_length=MOST_AUDITS_AT_ONCE)


class AskedAgainView(View):
    """How many tasks are put to one more annotator."""

    asked: int


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
