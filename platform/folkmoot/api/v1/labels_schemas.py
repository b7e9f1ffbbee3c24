"""What annotators' programs send and see: leases, labels, skips."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd.models import Fate, Origin, SkipReason, TaskType
from crowd.text import PlainText
from folkmoot.api.operations import View
from folkmoot.kernel.json_values import Json, JsonObject


class LeaseView(View):
    """A task that is yours to answer until a time."""

    lease_id: UUID
    task_id: UUID
    task_type: TaskType
    payload: JsonObject
    answer_schema: JsonObject
    instructions_version: int
    content_flags: list[str]
    # A machine's answer, where you are to see it.
    suggestion: Json | None
    is_training: bool
    pay_minor: int
    currency: str
    expires_at: datetime


class NextLease(View):
    """The next task, or none when nothing waits for this annotator."""

    lease: LeaseView | None


class NewLabel(BaseModel):
    """An answer to a leased task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lease_id: UUID
    answer: Json
    active_seconds: float = Field(ge=0, le=86_400, strict=True)
    note: PlainText = Field(default="", max_length=2000)
    lease_next: bool = False


class LabelView(View):
    """A label and whether it took a place."""

    id: UUID
    task_id: UUID
    answer: Json
    fate: Fate
    created_at: datetime


class GivenLabelView(LabelView):
    """A label as the project's team sees it."""

    annotator_id: UUID
    origin: Origin
    is_current: bool
    supersedes_id: UUID | None
    active_seconds: float
    instructions_version: int


class FeedbackView(View):
    """What a training task teaches, and how far its round is."""

    checked_answer: Json
    explanation: str
    was_right: bool
    seen: int
    right: int
    needed: int
    has_passed: bool | None


class LabelAndNext(View):
    """What became of a label, what it earned, and the next task where one was asked for."""

    label: LabelView
    earned_minor: int
    currency: str
    lease: LeaseView | None
    # Why no lease was given although one was asked for, or "".
    refusal: str = ""
    # What the annotator should read about their standing, or "".
    notice: str = ""
    feedback: FeedbackView | None = None


class Revision(BaseModel):
    """A new answer in place of an earlier one of the same annotator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: Json


class Skip(BaseModel):
    """Why a task is passed on; `not_good_for_me` never counts against anyone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: SkipReason


class Renewed(View):
    """Until when a lease holds now."""

    expires_at: datetime
