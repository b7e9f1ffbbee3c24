"""The pay ledger as a table by day, and as a file."""

import csv
import io
from collections.abc import Sequence
from datetime import date

from flask import Response, request

from crowd.earnings import LedgerLine
from folkmoot.kernel.errors import InvalidInput
from folkmoot.web.money import amount_text

_HEADER = ("earned_at", "project", "task", "amount", "currency")
# A spreadsheet would run a cell that begins so.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    is_formula = line.external_id.startswith(_FORMULA_STARTS)
    return (
        line.earned_at.isoformat(timespec="seconds"),
        line.project_slug,
        f"'{line.external_id}" if is_formula else line.external_id,
        amount_text(line.amount_minor, line.currency),
        line.currency,
    )
