"""The pay ledger as a table by day, and as a file."""

import csv
import io
from collections.abc import Sequence
from datetime import date

from flask import Response, request

from crowd.earnings import LedgerLine
from crowd.spreadsheets import safe_cell
from folkmoot.kernel.errors import InvalidInput
from folkmoot.web.money import amount_text

_HEADER = ("earned_at", "project", "task", "kind", "amount", "currency", "payment_id")


def wanted_days() -> date | None:
    """Return the day before which the address asks for earnings, or None for the latest."""
    text = request.args.get("before")
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("The day is not written like 2026-03-04.") from error


def csv_of(lines: Sequence[LedgerLine]) -> Response:
    """Return the ledger as a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    writer.writerows(_cells(line) for line in lines)
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="earnings.csv"'
    return response


def _cells(line: LedgerLine) -> tuple[str, ...]:
    return (
        line.earned_at.isoformat(timespec="seconds"),
        line.project_slug,
        safe_cell(line.external_id),
        line.kind.value,
        amount_text(line.amount_minor, line.currency),
        line.currency,
        "" if line.payment_id is None else str(line.payment_id),
    )
