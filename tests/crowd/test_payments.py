"""The ledger written out for whoever pays: no line twice, and none left."""

import csv
import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.models import Earning, EarningKind, PaymentExport
from crowd.payments import export_payments, payments, unpaid_totals
from crowd.spreadsheets import safe_cell
from folkmoot.identity.naming import names_of
from folkmoot.kernel import clock
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import Conflict, InvalidInput
from folkmoot.kernel.pagination import PageRequest

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "files")


@pytest.fixture
def export(moot, store):
    def write(until: datetime | None = None) -> PaymentExport:
        with moot.work() as uow:
            return export_payments(uow, moot.team, artifacts=store, names_of=names_of, until=until)

    return write


def rows_of(store, made: PaymentExport) -> list[dict[str, str]]:
    text = store.get(made.file_digest).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def earn(moot, project, annotator, *amounts: int, at: datetime = NOON, **changes: object) -> None:
    with moot.work() as uow:
        for amount in amounts:
            given = {
                "annotator_id": annotator.id,
                "project_id": project.id,
                "amount_minor": amount,
                "currency": project.currency,
                "earned_at": at,
            }
            uow.session.add(Earning(**(given | changes)))


def test_a_file_says_who_is_owed_what_in_each_currency(moot, store, export):
    euro, yen, dinar = (moot.project(currency=unit) for unit in ("EUR", "JPY", "KWD"))
    ann, bob = moot.person("Ann"), moot.person("Bob")
    earn(moot, euro, ann, 5, 120)
    earn(moot, yen, ann, 500)
    earn(moot, dinar, bob, 1500, 0, kind=EarningKind.TOP_UP)

    made = export()
    assert made.totals == {"EUR": 125, "JPY": 500, "KWD": 1500}
    assert made.n_lines == 4
    told = {
        (row["display_name"], row["currency"], row["amount_minor"], row["amount"], row["lines"])
        for row in rows_of(store, made)
    }
    assert told == {
        ("Ann", "EUR", "125", "1.25", "2"),
        ("Ann", "JPY", "500", "500", "1"),
        ("Bob", "KWD", "1500", "1.500", "1"),
    }
    assert {row["account_id"] for row in rows_of(store, made)} == {str(ann.id), str(bob.id)}
    assert {row["earned_from"] for row in rows_of(store, made)} == {"2026-03-04T12:00:00+00:00"}
    with moot.read() as uow:
        [entry] = uow.session.exec(select(Entry).where(Entry.action == Action.PAYMENTS_EXPORTED))
    assert made.file_digest.encode() in entry.envelope
    assert b"Ann" not in entry.envelope


def test_no_line_is_paid_twice_and_none_is_left(moot, store, export):
    project, ann = moot.project(), moot.person()
    earn(moot, project, ann, 1, 2)
    earn(moot, project, ann, 4, at=NOON + timedelta(hours=1))
    first = export(until=NOON)
    second = export()
    with pytest.raises(Conflict, match="Nothing is owed"):
        export()
    assert [made.totals for made in (first, second)] == [{"EUR": 3}, {"EUR": 4}]
    with moot.read() as uow:
        assert unpaid_totals(uow) == []
        page = payments(uow, wanted=PageRequest())
        lines = uow.session.exec(select(Earning)).all()
    assert [made.id for made in page.items] == [second.id, first.id]
    assert sorted((line.amount_minor, line.payment_id) for line in lines) == [
        (1, first.id),
        (2, first.id),
        (4, second.id),
    ]


def test_what_is_not_paid_yet_is_summed_by_currency(moot):
    euro, yen = moot.project(), moot.project(currency="JPY")
    ann, bob = moot.person(), moot.person()
    earn(moot, euro, ann, 5, 0)
    earn(moot, euro, bob, 7)
    earn(moot, yen, bob, 500)
    with moot.read() as uow:
        told = [
            (one.currency, one.amount_minor, one.n_lines, one.n_annotators)
            for one in unpaid_totals(uow)
        ]
    assert told == [("EUR", 12, 2, 2), ("JPY", 500, 1, 1)]


def test_nothing_is_paid_before_it_is_earned(export):
    with pytest.raises(InvalidInput, match="not earned yet"):
        export(until=clock.now() + timedelta(minutes=1))


def test_exports_at_the_same_moment_share_no_line(moot, store, export):
    """Two payers press the button together while annotators go on earning."""
    project, people = moot.project(), [moot.person() for _ in range(3)]
    for person in people:
        earn(moot, project, person, *range(1, 41))
    together, made = Barrier(3), []

    def pay() -> None:
        together.wait(timeout=30)
        with suppress(Conflict):  # the other one was first, and took all
            made.append(export())

    def work() -> None:
        together.wait(timeout=30)
        earn(moot, project, people[0], *range(100, 110))

    threads = [Thread(target=each) for each in (pay, pay, work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    made += [export()] if _is_owed(moot) else []

    told = sum(int(row["amount_minor"]) for each in made for row in rows_of(store, each))
    assert told == 3 * sum(range(1, 41)) + sum(range(100, 110))
    assert sum(each.n_lines for each in made) == 3 * 40 + 10


def _is_owed(moot) -> bool:
    with moot.read() as uow:
        return bool(unpaid_totals(uow))


@pytest.mark.parametrize("name", ["=1+1", "+49", "-2", "@cmd", "\tx", "  =1+1", "\r=1"])
def test_no_spreadsheet_runs_a_name(name):
    assert safe_cell(name) == f"'{name}"


def test_a_plain_name_stays_as_it_is():
    assert safe_cell("Ann-Marie O'Neill") == "Ann-Marie O'Neill"
