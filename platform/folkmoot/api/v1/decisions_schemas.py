"""What clients send and see of decisions and reviews."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from folkmoot.api.operations import PageQuery, View
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import WorkState
from governance.decisions import CaseDraft
from governance.models import Act, DecisionState, ReasonCode


class NewCases(BaseModel):
    """Cases to be decided together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: list[CaseDraft] = Field(min_length=1, max_length=10_000)


class BatchView(View):
    """How far a batch is: released, held, or decided before."""

    id: UUID
    model_id: UUID
    state: WorkState
    released: int
    held: int
    known: int
    created_at: datetime


class DecisionQuery(PageQuery):
    """Which decisions are wanted."""

    state: DecisionState | None = None


class DecisionView(View):
    """What a model proposed for one case, and what became of it."""

    id: UUID
    project_id: UUID
    model_version_id: UUID
    policy_version: int
    case_ref: str
    payload: JsonObject
    proposed: Json
    probability: float
    explanation: list[Json]
    is_high_stakes: bool
    hold_reason: str
    state: DecisionState
    outcome: Json | None
    created_at: datetime
    due_at: datetime | None
    settled_at: datetime | None


class NextCase(View):
    """The decision that is yours to review, or none when nothing waits."""

    decision: DecisionView | None


class CaseView(View):
    """A case as it was shown, and the digest of exactly that."""

    case_view_id: UUID
    shown_digest: str
    shown_at: datetime
    shown: JsonObject
    decision: DecisionView


class NewReview(BaseModel):
    """A human's act on a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case_view_id: UUID
    act: Act
    answer: Json | None = None
    reason_codes: list[ReasonCode] = Field(default=[], max_length=10)
    reason_text: str = Field(default="", max_length=10_000)


class ReviewView(View):
    """A human's act, and the entry of the audit log that proves it."""

    id: UUID
    decision_id: UUID
    act: Act
    before: Json
    after: Json | None
    reason_codes: list[str]
    reason_text: str
    seconds: float
    audit_entry_id: UUID
    decided_at: datetime


class PromiseView(View):
    """What you can hold the log to: the hash of your entry's leaf, signed, and until when."""

    leaf_hash: str
    staged_at: datetime
    deadline: datetime
    promise: str


class ActView(ReviewView):
    """Your act, and the log's signed promise to keep it."""

    receipt: PromiseView
