"""What the labelling page sends, and what it is answered."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd.leasing import MOST_LEASES
from crowd.models import SkipReason
from crowd.text import PlainText
from crowd.turns import MOST_ACTIVE_SECONDS
from folkmoot.kernel.json_values import Json, JsonObject

# What the page may name at once: the tasks it shows, and those whose answers are on their way.
_MOST_NAMED = 1000
_LONGEST_NOTE = 2000


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WantedTask(_Body):
    """A wish for a task that is none of those that the page has."""

    hold: list[UUID] = Field(max_length=_MOST_NAMED)


class NewAnswer(_Body):
    """An answer to a leased task. The lease itself makes a second sending harmless.

    hold: what the page has beside it and wants another task to; None where it wants none.
    """

    lease_id: UUID
    answer: Json
    active_seconds: float = Field(ge=0, le=MOST_ACTIVE_SECONDS, strict=True)
    note: PlainText = Field(default="", max_length=_LONGEST_NOTE)
    hold: list[UUID] | None = Field(default=None, max_length=_MOST_NAMED)


class Change(_Body):
    """A new answer in the place of one that was taken back, and the key of this sending."""

    label_id: UUID
    answer: Json
    idempotency_key: str = Field(pattern=r"^[0-9a-f]{32}$")


class Undo(_Body):
    """The answer that its annotator takes back."""

    label_id: UUID


class Skip(_Body):
    """The task that is passed on, and why."""

    lease_id: UUID
    reason: SkipReason


class Release(_Body):
    """The tasks that the page gives back unanswered."""

    lease_ids: list[UUID] = Field(max_length=MOST_LEASES)


class Heartbeat(_Body):
    """The tasks that the page still has, the one on the screen first, and whether one works."""

    lease_ids: list[UUID] = Field(max_length=MOST_LEASES)
    is_active: bool


class HandedTask(BaseModel):
    """A task to answer; why it was given is not said, for gold must look like any other.

    content_warning: what it may show, in words; "" where nothing is to be veiled.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    id: UUID
    payload: JsonObject
    answer_schema: JsonObject = Field(alias="schema")
    instructions_version: int
    suggestion: Json | None = None
    content_warning: str = ""
    is_training: bool = False


class NextTask(BaseModel):
    """The next task; or none, with a sentence that says why and the code of the refusal."""

    lease: HandedTask | None
    message: str | None = None
    code: str = ""
    retry_at: datetime | None = None


class TrainingFeedback(BaseModel):
    """What is said of an answer to a training task; `has_passed` is None while it goes on."""

    model_config = ConfigDict(from_attributes=True)

    was_right: bool
    checked_answer: Json
    explanation: str
    seen: int
    right: int
    needed: int
    has_passed: bool | None


class KeptLabel(BaseModel):
    """The label that an answer became, and what the annotator should know of it.

    notice: what was noticed of their work, and what follows; "" where nothing was.
    """

    id: UUID
    message: str | None
    notice: str = ""
    feedback: TrainingFeedback | None = None


class Today(BaseModel):
    """The figures in the head of the page."""

    earned_text: str


class Receipt(BaseModel):
    """What became of an answer, and the next task where one was wanted."""

    label: KeptLabel
    today: Today
    next: NextTask | None = None


class TakenBack(BaseModel):
    """The answer that may be changed now."""

    previous_answer: Json


class Beat(BaseModel):
    """What a sign of life is answered: the tasks that are still the annotator's, and their time.

    notice: that a break or a rest is due, or "".
    """

    lease_ids: list[UUID]
    seconds_since_break: float
    notice: str


class Done(BaseModel):
    """Nothing more to say."""
