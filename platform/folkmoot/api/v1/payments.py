"""Payments: the ledger's unpaid lines, written out for whoever pays; and a project's floor."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from crowd import pay_floor, payments
from crowd.models import PaymentExport
from folkmoot.api.operations import Api, Call, Download, PageQuery, PageView, View
from folkmoot.identity.naming import names_of
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.pagination import Page

api = Api("payments")


class NewPayments(BaseModel):
    """Up to which moment lines are taken; without one, all that were earned until now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    until: AwareDatetime | None = None


class PaymentView(View):
    """One file for the payer: how many lines of the ledger, and sums in minor units."""

    id: UUID
    file_digest: str
    n_lines: int
    totals: dict[str, int]
    created_at: datetime


class PayStandingView(View):
    """What a project promised, what an hour comes to, and what followed; minor units.

    `hourly_minor` is null before three answers and ten minutes of work.
    """

    pay_minor: int
    currency: str
    floor_minor: int | None
    n_answers: int
    active_seconds: float
    hourly_minor: int | None
    is_underpaid: bool
    alarm_at: datetime | None
    exception: str | None
    sentence: str


class NewPayException(BaseModel):
    """Why a project may run although it pays under its floor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=pay_floor.SHORTEST_REASON, max_length=pay_floor.LONGEST_REASON)


@api.post("/payments", access=Permission.EXPORT_PAYMENTS, shows=PaymentView)
def export_payments(call: Call, body: NewPayments) -> PaymentExport:
    """Write out every line of the ledger that no earlier export holds, and mark it."""
    return payments.export_payments(
        call.uow,
        call.actor,
        artifacts=call.services.artifacts,
        names_of=names_of,
        until=body.until,
    )


@api.get("/payments", access=Permission.EXPORT_PAYMENTS, shows=PageView[PaymentView])
def list_payments(call: Call, query: PageQuery) -> Page[PaymentExport]:
    """List the exports, the newest first."""
    return payments.payments(call.uow, wanted=query.wanted)


@api.get("/payments/<uuid:payment_id>/file", access=Permission.EXPORT_PAYMENTS, shows=Download)
def download_payments(call: Call, payment_id: UUID) -> Download:
    """Hand out an export as CSV, a line for each person and currency."""
    export = payments.payment_by_id(call.uow, payment_id=payment_id)
    content = call.services.artifacts.get(export.file_digest)
    return Download(content, "text/csv", f"payments-{export.created_at:%Y-%m-%d}.csv")


@api.get("/projects/<uuid:project_id>/pay", access=Permission.READ_PROJECTS, shows=PayStandingView)
def get_pay(call: Call, project_id: UUID) -> pay_floor.PayStanding:
    """Say what an hour of work comes to in a project, beside the floor that it declared."""
    return pay_floor.pay_standing(call.uow, project_id=project_id)


@api.post(
    "/projects/<uuid:project_id>/pay-exception",
    access=Permission.SET_POLICY,
    shows=PayStandingView,
)
def make_pay_exception(
    call: Call, project_id: UUID, body: NewPayException
) -> pay_floor.PayStanding:
    """Let a project run that pays under its floor, with a reason that is recorded."""
    pay_floor.make_exception(call.uow, call.actor, project_id=project_id, reason=body.reason)
    return pay_floor.pay_standing(call.uow, project_id=project_id)
