"""What the labelling page sends, and what it is answered."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd.leasing import MOST_LEASES
from crowd.models import SkipReason
from crowd.turns import MOST_ACTIVE_SECONDS
from folkmoot.kernel.json_values import Json, JsonObject

# What the page may name at once: the tasks it shows, and those whose answers are on their way.
_MOST_NAMED = 1000


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WantedTask(_Body):
    """A wish for a task that is none of those that the page has."""

    hold: list[UUID] = Field(max_length=_MOST_NAMED)


class NewAnswer(_Body):
    """An answer to a leased task. The lease itself makes a second sending harmless."""

    lease_id: UUID
    answer: Json
    active_seconds: float = Field(ge=0, le=MOST_ACTIVE_SECONDS, strict=True)


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


class Heartbeat(_Body):
    """The tasks that the page still has."""

    lease_ids: list[UUID] = Field(max_length=MOST_LEASES)


class HandedTask(BaseModel):
    """A task to answer; why it was given is not said, for gold must look like any other."""

    id: UUID
    payload: JsonObject
    instructions_version: int


class NextTask(BaseModel):
    """The next task, or none and a sentence that says why."""

    lease: HandedTask | None
    message: str | None = None


class KeptLabel(BaseModel):
    """The label that an answer became, and what the annotator should know of it."""

    id: UUID
    message: str | None


class Today(BaseModel):
    """The figures in the head of the page."""

    earned_text: str
    minutes: int


class Receipt(BaseModel):
    """What became of an answer."""

    label: KeptLabel
    today: Today


class TakenBack(BaseModel):
    """The answer that may be changed now."""

    previous_answer: Json


class Renewed(BaseModel):
    """The tasks that are still the annotator's; another one has those that are missing."""

    lease_ids: list[UUID]


class Done(BaseModel):
    """Nothing more to say."""
