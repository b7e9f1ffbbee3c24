"""The team's page of payments: what is owed, and one file after the other for the payer."""

import re

from sqlmodel import select

from crowd.models import Earning, Project


def pay(world, *amounts: int) -> None:
    """Enter earnings of an annotator by hand: the world's own project pays nothing."""
    with world.services.unit_of_work() as uow:
        project = uow.session.exec(select(Project)).one()
        for amount in amounts:
            uow.session.add(
                Earning(
                    annotator_id=world.people["annotator"],
                    project_id=project.id,
                    amount_minor=amount,
                    currency="EUR",
                    earned_at=project.created_at,
                )
            )


def test_what_is_owed_goes_into_one_file_and_no_other(world, browse):
    team = browse("team")
    assert "Nothing is owed" in team.get("/payments")
    pay(world, 120, 5)
    page = team.get("/payments")
    assert ">€1.25<" in page
    assert "to 1 annotator, from 2 lines" in page

    assert team.post("/payments") == "/payments"
    page = team.get("/payments")
    assert "2 lines of the ledger are in the new file." in page
    assert "Owed, in no file yet" not in page
    assert "Tamsin Team" in page
    [address] = re.findall(r'href="(/payments/[^"]+/file)"', page)
    file = team.client.get(address)
    assert file.mimetype == "text/csv"
    assert "Ann Annotator,EUR,125,1.25,2," in file.text

    team.post("/payments")
    assert "Nothing is owed: every line of the ledger is in an earlier export." in team.get(
        "/payments"
    )


def test_only_who_may_export_payments_sees_them(world, browse):
    for name in ("annotator", "officer", "reviewer"):
        browse(name).get("/payments", status=403)
