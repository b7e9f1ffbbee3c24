"""Sittings: a page's signs of life, which keep its tasks and measure the time at work."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from crowd import sittings
from crowd.leasing import MOST_LEASES
from folkmoot.api.operations import Api, Call, View
from folkmoot.identity.permissions import Permission

api = Api("sittings")


class NewBeat(BaseModel):
    """The tasks in hand, the one on the screen first, and whether the person works on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lease_ids: list[UUID] = Field(min_length=1, max_length=MOST_LEASES)
    is_active: bool


class BeatView(View):
    """Until when each lease holds, and whether it is time for a break."""

    leases: dict[UUID, datetime]
    seconds_since_break: float
    break_is_due: bool
    rests_until: datetime | None
    notice: str


@api.post("/leases/beat", access=Permission.LABEL, shows=BeatView, status=HTTPStatus.OK)
def beat(call: Call, body: NewBeat) -> sittings.Beat:
    """Keep your leases, and count the time since your last sign of life as work if you say so."""
    return sittings.beat(
        call.uow,
        annotator_id=call.actor.id,
        lease_ids=body.lease_ids,
        is_active=body.is_active,
    )
