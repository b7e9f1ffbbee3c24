"""What is known of annotators, what was noticed of them, and appeals, as programs reach them."""

from uuid import UUID

import pytest

from crowd.models import Pattern, WatchAction
from crowd.suspicions import raise_suspicion

GOLD = "external_id,text,gold\no,Picture,\n" + "".join(f"g{n},Picture,yes\n" for n in range(4))


@pytest.fixture
def project_id(open_project, team, run_jobs, monkeypatch):
    """An open project that hands out gold as long as there is some."""
    monkeypatch.setattr("secrets.randbelow", lambda _sides: 0)
    project_id = open_project(gold_share=0.5)
    team.post(
        f"/projects/{project_id}/imports?file_name=gold.csv",
        data=GOLD.encode(),
        content_type="text/csv",
    )
    run_jobs()
    return project_id


@pytest.fixture
def wrong_label(annotator, project_id):
    lease = annotator.post(f"/projects/{project_id}/leases").get_json()["lease"]
    body = {"lease_id": lease["lease_id"], "answer": "no", "active_seconds": 2.5}
    return annotator.post(f"/projects/{project_id}/labels", body).get_json()["label"]


@pytest.fixture
def suspicion_id(services, annotator, project_id, wrong_label):
    with services.unit_of_work() as uow:
        raised = raise_suspicion(
            uow,
            project_id=UUID(project_id),
            annotator_id=annotator.account_id,
            pattern=Pattern.TOO_FAST,
            action=WatchAction.PAUSE,
            evidence={"run": 10, "seconds": 1.0},
        )
    return raised.suspicion_id


def test_an_answer_is_contested_and_a_second_person_corrects_the_gold(
    annotator, reviewer, team, project_id, wrong_label
):
    [judged] = annotator.get("/me/judged-labels").get_json()["items"]
    assert (judged["answer"], judged["checked_answer"]) == ("no", "yes")
    path = f"/labels/{wrong_label['id']}/appeal"
    appeal = annotator.post(path, {"reason": "There is no cat."}).get_json()
    assert annotator.post(path, {"reason": "Again."}).status_code == 409
    assert annotator.get("/appeals").status_code == 403

    waiting = reviewer.get(f"/appeals?project={project_id}&state=open").get_json()["items"]
    assert [one["id"] for one in waiting] == [appeal["id"]]
    path = f"/appeals/{appeal['id']}/decision"
    unclear = {"outcome": "upheld", "reason": "I see no cat either."}
    assert reviewer.post(path, unclear).status_code == 422
    decided = reviewer.post(path, {**unclear, "gold_after": "no"})
    assert (decided.status_code, decided.get_json()["state"]) == (200, "upheld")
    assert reviewer.post(path, {**unclear, "gold_after": "no"}).status_code == 409

    assert annotator.get("/me/judged-labels").get_json()["items"] == []
    [known] = team.get(f"/projects/{project_id}/annotators").get_json()["items"]
    assert (known["gold_seen"], known["gold_right"]) == (1, 1)
    assert known["skill"]["low"] < known["skill"]["mean"] < known["skill"]["high"]


def test_a_suspicion_is_seen_objected_to_and_settled_by_another_person(
    annotator, reviewer, team, project_id, suspicion_id
):
    refused = annotator.post(f"/projects/{project_id}/leases")
    assert refused.status_code == 409
    assert "less than a second" in refused.get_json()["detail"]
    path = f"/suspicions/{suspicion_id}"
    objection = {"objection": "They were the same picture."}
    assert annotator.post(f"{path}/objection", objection).status_code == 200

    listed = team.get(f"/suspicions?project={project_id}&state=open").get_json()["items"]
    assert [one["objection"] for one in listed] == ["They were the same picture."]
    assert reviewer.get("/suspicions").status_code == 403
    settled = team.post(f"{path}/settle", {"outcome": "cleared", "note": "They were."})
    assert settled.get_json()["state"] == "cleared"
    [known] = team.get(f"/projects/{project_id}/annotators").get_json()["items"]
    assert (known["standing"], known["open_suspicions"]) == ("good", 0)
