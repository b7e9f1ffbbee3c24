"""What clients see of tasks: what was asked, and all that happened to it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from crowd.models import LeaseReason, LeaseState, Origin, SkipReason, TaskState, TaskUse
from crowd.text import PlainText
from folkmoot.api.operations import PageQuery, View
from folkmoot.api.v1.labels_schemas import GivenLabelView
from folkmoot.kernel.json_values import Json, JsonObject


class TaskQuery(PageQuery):
    """Which tasks are wanted; `search` is a part of the external id."""

    state: TaskState | None = None
    search: PlainText = Field(default="", max_length=200)


class TaskView(View):
    """A task; `gold_answer` is known from the file, `answer` is what the labels so far come to."""

    id: UUID
    project_id: UUID
    external_id: str
    origin: Origin
    payload: JsonObject
    priority: int
    use: TaskUse
    gold_answer: Json | None
    explanation: str
    suggestion: Json | None
    state: TaskState
    n_labels: int
    answer: Json | None
    confidence: float | None
    created_at: datetime


class TaskLabelView(View):
    """A label, and how far its annotator is believed in this project."""

    label: GivenLabelView
    reliability: float | None


class TaskLeaseView(View):
    """Who was given the task, why, and what became of it."""

    id: UUID
    annotator_id: UUID
    reason: LeaseReason
    state: LeaseState
    skip_reason: SkipReason | None
    instructions_version: int
    suggestion_shown: bool | None
    given_at: datetime
    expires_at: datetime


class TaskConsensusView(View):
    """What one run made of the task.

    `posterior` is the chance of each class, of each choice to be picked, or of each part of the
    answer, in its order; `low` and `high` are the 95 % limits of a number.
    """

    run_id: UUID
    answer: Json
    confidence: float
    posterior: list[float]
    n_labels: int
    low: float | None
    high: float | None


class TaskStoryView(View):
    """A task with its labels, its leases, and its consensus, newest first."""

    task: TaskView
    labels: list[TaskLabelView]
    leases: list[TaskLeaseView]
    consensus: list[TaskConsensusView]
