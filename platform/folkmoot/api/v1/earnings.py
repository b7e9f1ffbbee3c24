"""Earnings: an annotator's own ledger, line by line, and what an hour came to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crowd import annotating, earnings
from crowd.models import Earning, EarningKind
from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.pagination import Page

api = Api("earnings")


class EarningView(View):
    """One line of your ledger, in minor units; `payment_id` once the payer was told of it."""

    id: UUID
    project_id: UUID
    lease_id: UUID | None
    kind: EarningKind
    amount_minor: int
    currency: str
    earned_at: datetime
    payment_id: UUID | None


class OwnRateView(View):
    """What you earned in one project; `hourly_minor` is null before ten minutes of work."""

    project_id: UUID
    project_title: str
    currency: str
    n_labels: int
    active_seconds: float
    earned_minor: int
    hourly_minor: int | None
    floor_minor: int | None


class OwnRates(View):
    """What you earned, by project."""

    items: list[OwnRateView]


@api.get("/me/earnings", access=Permission.LABEL, shows=PageView[EarningView])
def list_my_earnings(call: Call, query: PageQuery) -> Page[Earning]:
    """List what you earned, the newest first."""
    return annotating.earnings_of(call.uow, annotator_id=call.actor.id, wanted=query.wanted)


@api.get("/me/rates", access=Permission.LABEL, shows=OwnRates)
def list_my_rates(call: Call) -> dict[str, Sequence[earnings.OwnRate]]:
    """Say what an hour of your own work came to, project by project."""
    return {"items": earnings.own_rates(call.uow, annotator_id=call.actor.id)}
