"""What is owed, and what was handed to whoever pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crowd.models import PaymentExport
from crowd.payments import Unpaid, payments, unpaid_totals
from folkmoot.identity.naming import names_of
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.money import money_text, sums_text
from folkmoot.web.paging import Pagination, pagination_of


@dataclass(frozen=True)
class OwedLine:
    """What is owed in one currency, and to how many."""

    amount_text: str
    lines: int
    annotators: int


@dataclass(frozen=True)
class ExportLine:
    """One file for the payer."""

    payment_id: UUID
    at: datetime
    by: str
    totals_text: str
    lines: int
    digest: str


@dataclass(frozen=True)
class PaymentsView:
    """Everything on the page."""

    owed: Sequence[OwedLine]
    exports: Sequence[ExportLine]
    page: Pagination


def payments_view_of(uow: UnitOfWork, *, wanted: PageRequest) -> PaymentsView:
    """Read what is owed, and a page of what was exported."""
    page = payments(uow, wanted=wanted)
    names = names_of(uow, {export.requested_by for export in page.items})
    return PaymentsView(
        owed=[_owed(one) for one in unpaid_totals(uow)],
        exports=[_line(export, names[export.requested_by]) for export in page.items],
        page=pagination_of(page.mapped(str)),
    )


def _owed(one: Unpaid) -> OwedLine:
    return OwedLine(money_text(one.amount_minor, one.currency), one.n_lines, one.n_annotators)


def _line(export: PaymentExport, by: str) -> ExportLine:
    sums = {unit: amount for unit, amount in export.totals.items() if isinstance(amount, int)}
    return ExportLine(
        payment_id=export.id,
        at=export.created_at,
        by=by,
        totals_text=sums_text(sums, otherwise="–"),
        lines=export.n_lines,
        digest=export.file_digest,
    )
