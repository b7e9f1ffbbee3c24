"""Forget a person over HTTP, hold what must stay, set how long things are kept."""

from audit.models import RecordClass
from audit.retention_rules import periods_of
from folkmoot.bootstrap import Services
from folkmoot.identity.models import Account

from .conftest import Person
from .story import made
from .test_calling import refused

BASIS = {"legal_basis": "consent_withdrawn"}


def test_an_officer_erases_an_annotator_and_a_hold_stands_in_the_way(
    officer: Person, annotator: Person, services: Services
) -> None:
    address = f"/people/{annotator.account_id}/erasure"
    body = {"reason": "Case 7 O 12/26", "person_id": str(annotator.account_id)}
    hold = made(officer.post("/legal-holds", body))
    held = made(officer.post(address, BASIS))
    assert (held["refusal"], held["n_texts"]) == ("legal_hold", 0)
    assert [one["id"] for one in officer.get("/legal-holds").get_json()["items"]] == [hold["id"]]
    assert officer.call("DELETE", f"/legal-holds/{hold['id']}").status_code == 204

    erased = made(officer.post(address, BASIS))

    assert (erased["refusal"], erased["rows"]["account.email"]) == (None, 1)
    with services.reading() as uow:
        account = uow.session.get_one(Account, annotator.account_id)
    assert (account.display_name, account.is_active) == ("(erased)", False)
    assert account.email == f"{account.id}@erased.invalid"
    refused(officer.post(address, BASIS), 422)


def test_only_who_may_erase_people_erases(annotator: Person, team: Person) -> None:
    refused(team.post(f"/people/{annotator.account_id}/erasure", BASIS), 403)
    refused(team.post("/legal-holds", {"reason": "Mine."}), 403)


def test_laws_decide_how_short_a_period_can_be(officer: Person, services: Services) -> None:
    wish = {"entry_days": 10, "text_days": 10, "laws": ["us-credit"]}
    chosen = made(officer.put("/retention/decisions", wish), 200)
    assert chosen == {"entry_days": 763, "text_days": 763, "text_minimum_days": 763}
    with services.reading() as uow:
        assert periods_of(uow)[RecordClass.DECISIONS].entry_days == 763
    refused(officer.put("/retention/unheard-of", wish), 404)
    refused(officer.put("/retention/decisions", {**wish, "laws": ["of-the-jungle"]}), 422)
