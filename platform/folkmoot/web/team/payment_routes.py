"""The addresses of payments: what is owed, and the files for whoever pays."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from crowd.payments import export_payments, payment_by_id
from folkmoot.identity.access import current_actor, requires
from folkmoot.identity.naming import names_of
from folkmoot.identity.permissions import Permission
from folkmoot.web.files import as_file
from folkmoot.web.paging import wanted_page
from folkmoot.web.services import reading, services, unit_of_work
from folkmoot.web.team.blueprint import blueprint
from folkmoot.web.team.payment_page import payments_view_of
from folkmoot.web.team.refusals import refusals_told


@blueprint.get("/payments")
@requires(Permission.EXPORT_PAYMENTS)
def payments() -> str:
    """Show what is owed, and what was exported."""
    with reading() as uow:
        view = payments_view_of(uow, wanted=wanted_page())
    return render_template("team/payments.html", **vars(view))


@blueprint.post("/payments")
@requires(Permission.EXPORT_PAYMENTS)
def write_payments() -> ResponseReturnValue:
    """Write out every line of the ledger that no earlier file holds."""
    with refusals_told(), unit_of_work() as uow:
        export = export_payments(
            uow, current_actor(), artifacts=services().artifacts, names_of=names_of
        )
        flash(f"{export.n_lines:,} lines of the ledger are in the new file.", "good")
    return redirect(url_for("team.payments"), HTTPStatus.SEE_OTHER)


@blueprint.get("/payments/<uuid:payment_id>/file")
@requires(Permission.EXPORT_PAYMENTS)
def payment_file(payment_id: UUID) -> Response:
    """Hand out one file for the payer."""
    with reading() as uow:
        export = payment_by_id(uow, payment_id=payment_id)
    answer = Response(services().artifacts.get(export.file_digest), mimetype="text/csv")
    return as_file(answer, f"payments-{export.created_at:%Y-%m-%d}.csv")
