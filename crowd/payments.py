"""Payments: the ledger's lines written out for whoever pays, each in one file and no more.

Folkmoot moves no money. It hands out a file that says who is owed what, and remembers which
lines of the ledger each file holds.
"""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import select

from audit.actions import Action
from audit.recording import record
from crowd.currencies import decimal_text
from crowd.models import PaymentExport
from crowd.spreadsheets import safe_cell
from crowd.tables import EARNING, PAYMENT
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

HEADER = (
    "account_id",
    "display_name",
    "currency",
    "amount_minor",
    "amount",
    "lines",
    "earned_from",
    "earned_until",
)


class NamesOf(Protocol):
    """What the accounts' part of the house answers: how people are called."""

    def __call__(self, uow: UnitOfWork, account_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Return the names of accounts."""


@dataclass(frozen=True)
class Owed:
    """What one annotator is owed in one currency, and from how many lines it comes."""

    account_id: UUID
    currency: str
    amount_minor: int
    n_lines: int
    earned_from: datetime
    earned_until: datetime


@dataclass(frozen=True)
class Unpaid:
    """What no export holds yet, in one currency."""

    currency: str
    amount_minor: int
    n_lines: int
    n_annotators: int


def export_payments(
    uow: UnitOfWork,
    actor: Actor,
    *,
    artifacts: ArtifactStore,
    names_of: NamesOf,
    until: datetime | None = None,
) -> PaymentExport:
    """Write out every line of the ledger that no earlier export holds, earned up to a moment.

    The lines are marked in the same transaction, so that none is paid twice and none is left.
    Raise Conflict where nothing is owed.
    """
    connection = uow.session.connection()
    moment = _until(until)
    _one_at_a_time(connection)
    payment_id = new_id()
    _mark(uow, actor, payment_id, moment)
    owed = _owed_in(connection, payment_id)
    if not owed:
        raise Conflict("Nothing is owed: every line of the ledger is in an earlier export.")
    content = csv_of(owed, names_of(uow, {one.account_id for one in owed}))
    values = {
        "file_digest": artifacts.put(content),
        "n_lines": sum(one.n_lines for one in owed),
        "totals": _totals(owed),
    }
    connection.execute(sa.update(PAYMENT).where(PAYMENT.c.id == payment_id).values(values))
    export = payment_by_id(uow, payment_id=payment_id)
    _record(uow, actor, export, moment)
    return export


def unpaid_totals(uow: UnitOfWork) -> Sequence[Unpaid]:
    """Return what no export holds yet, by currency."""
    statement = (
        sa.select(
            EARNING.c.currency,
            sa.func.sum(EARNING.c.amount_minor),
            sa.func.count(),
            sa.func.count(EARNING.c.annotator_id.distinct()),
        )
        .where(*_IS_UNPAID)
        .group_by(EARNING.c.currency)
        .order_by(EARNING.c.currency)
    )
    rows = uow.session.connection().execute(statement)
    return [
        Unpaid(currency, int(amount), lines, people) for currency, amount, lines, people in rows
    ]


def payments(uow: UnitOfWork, *, wanted: PageRequest) -> Page[PaymentExport]:
    """Return one page of the exports, newest first."""
    return page_by_id(
        uow, select(PaymentExport), key=PaymentExport.id, wanted=wanted, newest_first=True
    )


def payment_by_id(uow: UnitOfWork, *, payment_id: UUID) -> PaymentExport:
    """Return an export, or raise NotFound."""
    export = uow.session.get(PaymentExport, payment_id, populate_existing=True)
    if export is None:
        raise NotFound("There is no such export of payments.")
    return export


def csv_of(owed: Sequence[Owed], names: Mapping[UUID, str]) -> bytes:
    """Return the file for the payer: a line for each person and currency."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for one in owed:
        writer.writerow(
            (
                one.account_id,
                safe_cell(names.get(one.account_id, "")),
                one.currency,
                one.amount_minor,
                decimal_text(one.amount_minor, one.currency),
                one.n_lines,
                one.earned_from.isoformat(timespec="seconds"),
                one.earned_until.isoformat(timespec="seconds"),
            )
        )
    return text.getvalue().encode()


def _until(until: datetime | None) -> datetime:
    now = clock.now()
    if until is not None and until > now:
        sentence = "Nothing can be paid that is not earned yet: choose a moment that has passed."
        raise InvalidInput(sentence, fields=[FieldProblem("/until", sentence)])
    return until or now


def _one_at_a_time(connection: Connection) -> None:
    # SQLite lets one writer in at a time by itself. Readers go on either way.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE payment_export IN SHARE ROW EXCLUSIVE MODE")


def _mark(uow: UnitOfWork, actor: Actor, payment_id: UUID, moment: datetime) -> None:
    """Make the export and put every line into it that is in no other."""
    connection = uow.session.connection()
    connection.execute(
        sa.insert(PAYMENT).values(
            id=payment_id,
            file_digest="",
            n_lines=0,
            totals={},
            requested_by=actor.id,
            created_at=clock.now(),
        )
    )
    connection.execute(
        sa.update(EARNING)
        .where(*_IS_UNPAID, EARNING.c.earned_at <= moment)
        .values(payment_id=payment_id)
    )


def _owed_in(connection: Connection, payment_id: UUID) -> list[Owed]:
    rows = connection.execute(
        sa.select(
            EARNING.c.annotator_id,
            EARNING.c.currency,
            sa.func.sum(EARNING.c.amount_minor),
            sa.func.count(),
            sa.func.min(EARNING.c.earned_at),
            sa.func.max(EARNING.c.earned_at),
        )
        .where(EARNING.c.payment_id == payment_id)
        .group_by(EARNING.c.annotator_id, EARNING.c.currency)
        .order_by(EARNING.c.annotator_id, EARNING.c.currency)
    )
    return [
        Owed(person, currency, int(amount), lines, first, last)
        for person, currency, amount, lines, first, last in rows
    ]


def _totals(owed: Sequence[Owed]) -> JsonObject:
    sums: dict[str, int] = {}
    for one in owed:
        sums[one.currency] = sums.get(one.currency, 0) + one.amount_minor
    return {currency: sums[currency] for currency in sorted(sums)}


def _record(uow: UnitOfWork, actor: Actor, export: PaymentExport, moment: datetime) -> None:
    facts: JsonObject = {
        "file_digest": export.file_digest,
        "n_lines": export.n_lines,
        "totals": export.totals,
        "until": moment.isoformat(),
    }
    record(
        uow,
        actor,
        Action.PAYMENTS_EXPORTED,
        subject_type="payment_export",
        subject_id=export.id,
        facts=facts,
    )


# A line of nothing is no payment: volunteers' answers are in the ledger, and in no file.
_IS_UNPAID = (EARNING.c.payment_id.is_(None), EARNING.c.amount_minor != 0)
