"""Payments: the ledger's unpaid lines, written out for whoever pays; and a project's floor."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from crowd import payments
from crowd.models import PaymentExport
from folkmoot.api.operations import Api, Call, Download, PageQuery, PageView, View
from folkmoot.identity.names import display_names
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


@api.post("/payments", access=Permission.EXPORT_PAYMENTS, shows=PaymentView)
def export_payments(call: Call, body: NewPayments) -> PaymentExport:
    """Write out every line of the ledger that no earlier export holds, and mark it."""
    return payments.export_payments(
        call.uow,
        call.actor,
        artifacts=call.services.artifacts,
        names_of=display_names,
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
