"""What annotators' programs send and see: leases, labels, skips."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd.models import Fate, Origin, SkipReason
from folkmoot.api.operations import View
from folkmoot.kernel.json_values import Json, JsonObject


class LeaseView(View):
    """A task that is yours to answer until a time."""

    lease_id: UUID
    task_id: UUID
    payload: JsonObject
    answer_schema: JsonObject
    instructions_version: int
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


class LabelAndNext(View):
    """What became of a label, what it earned, and the next task where one was asked for."""

    label: LabelView
    earned_minor: int
    currency: str
    lease: LeaseView | None


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
