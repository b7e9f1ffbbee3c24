"""Time, earnings, preferences and payments, as programs reach them."""

import pytest
from sqlmodel import select

from crowd.models import AnnotatorRecord, Earning, Project
from folkmoot.identity.permissions import Role
from folkmoot.jobs.sweep import sweep

REASON = "The difference is topped up by hand until the pay is raised."


def change(services, project_id, **rules: object) -> None:
    with services.unit_of_work() as uow:
        project = uow.session.exec(select(Project)).one()
        assert str(project.id) == project_id
        for name, value in rules.items():
            setattr(project, name, value)
        uow.session.add(project)


def test_a_sign_of_life_keeps_a_lease_and_tells_how_long_one_has_worked(open_project, annotator):
    project_id = open_project()
    lease = annotator.post(f"/projects/{project_id}/leases").get_json()["lease"]
    told = annotator.post("/leases/beat", {"lease_ids": [lease["lease_id"]], "is_active": True})
    assert told.status_code == 200
    assert list(told.get_json()["leases"]) == [lease["lease_id"]]
    assert told.get_json()["break_is_due"] is False
    assert annotator.post("/leases/beat", {"lease_ids": [], "is_active": True}).status_code == 422


def test_who_is_not_opted_in_is_told_what_to_do_by_a_code_of_its_own(
    services, open_project, annotator
):
    project_id = open_project()
    change(services, project_id, content_flags=["violence"])
    refused = annotator.post(f"/projects/{project_id}/leases")
    assert refused.status_code == 409
    assert refused.get_json()["type"] == "/docs/problems#not-now"
    assert refused.get_json()["retry_at"] is None
    assert "violence" in refused.get_json()["detail"]

    chosen = annotator.put("/me/preferences", {"accepted_flags": ["violence"]})
    assert chosen.get_json()["accepted_flags"] == ["violence"]
    assert annotator.get("/me/preferences").get_json() == chosen.get_json()
    assert annotator.post(f"/projects/{project_id}/leases").get_json()["lease"] is not None
    assert annotator.put("/me/preferences", {"accepted_flags": ["cats"]}).status_code == 422


def test_a_limit_says_when_work_goes_on(services, open_project, annotator):
    project_id = open_project()
    change(services, project_id, content_flags=["violence"], sensitive_per_day=1)
    annotator.put("/me/preferences", {"accepted_flags": ["violence"]})
    annotator.post(f"/projects/{project_id}/leases")
    refused = annotator.post(f"/projects/{project_id}/leases").get_json()
    assert refused["type"] == "/docs/problems#not-now"
    assert refused["retry_at"].endswith("T00:00:00Z")


def test_the_ledger_is_paid_once(open_project, annotator, team, person):
    project_id = open_project()
    lease = annotator.post(f"/projects/{project_id}/leases").get_json()["lease"]
    annotator.post(
        f"/projects/{project_id}/labels",
        {"lease_id": lease["lease_id"], "answer": "yes", "active_seconds": 3},
    )
    assert annotator.post("/payments", {}).status_code == 403
    paid = team.post("/payments", {})
    assert (paid.status_code, paid.get_json()["totals"]) == (201, {"EUR": 5})
    assert team.post("/payments", {}).status_code == 409
    [listed] = team.get("/payments").get_json()["items"]
    assert listed == paid.get_json()
    file = team.get(f"/payments/{listed['id']}/file")
    assert file.mimetype == "text/csv"
    assert f"{annotator.account_id},Annotator,EUR,5,0.05,1," in file.text
    [line] = annotator.get("/me/earnings").get_json()["items"]
    assert (line["amount_minor"], line["kind"], line["payment_id"]) == (5, "label", listed["id"])
    assert person(Role.ANNOTATOR, name="other").get("/me/earnings").get_json()["items"] == []
    [rate] = annotator.get("/me/rates").get_json()["items"]
    assert (rate["earned_minor"], rate["hourly_minor"]) == (5, None)


@pytest.fixture
def underpaid(services, open_project, annotator) -> str:
    """A project at 6 euros an hour where 10 were promised, as the sweep finds it."""
    project_id = open_project()
    change(services, project_id, pay_floor_minor=1000)
    with services.unit_of_work() as uow:
        uow.session.add(
            AnnotatorRecord(
                project_id=uow.session.exec(select(Project)).one().id,
                annotator_id=annotator.account_id,
                n_labels=20,
                active_seconds=600.0,
            )
        )
    sweep(services)
    return project_id


def test_pay_under_the_floor_pauses_until_an_officer_makes_an_exception(
    underpaid, services, team, officer, annotator
):
    told = team.get(f"/projects/{underpaid}/pay").get_json()
    assert (told["hourly_minor"], told["floor_minor"], told["is_underpaid"]) == (600, 1000, True)
    assert told["alarm_at"] is not None
    assert annotator.post(f"/projects/{underpaid}/leases").status_code == 409
    state = f"/projects/{underpaid}/state"
    assert team.put(state, {"state": "open"}).status_code == 409

    address = f"/projects/{underpaid}/pay-exception"
    assert team.post(address, {"reason": REASON}).status_code == 403
    assert officer.post(address, {"reason": "short"}).status_code == 422
    made = officer.post(address, {"reason": REASON})
    assert (made.status_code, made.get_json()["exception"]) == (201, REASON)
    assert team.put(state, {"state": "open"}).status_code == 200
    sweep(services)
    assert team.get(f"/projects/{underpaid}").get_json()["state"] == "open"
    with services.reading() as uow:
        assert uow.session.exec(select(Earning)).all() == []
