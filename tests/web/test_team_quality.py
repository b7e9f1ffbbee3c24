"""The pages of annotators and appeals, as a browser meets them."""

import json

import pytest
from sqlmodel import col, select

from crowd.appeals import open_appeal
from crowd.models import (
    AnnotatorRecord,
    Appeal,
    AppealState,
    Label,
    Pattern,
    Standing,
    Suspicion,
    SuspicionState,
    Task,
    TaskUse,
    WatchAction,
)
from crowd.suspicions import raise_suspicion

PAGE = "/projects/follow-up"


def first(world, statement):
    with world.services.reading() as uow:
        return uow.session.exec(statement).first()


@pytest.fixture
def suspicion_id(world):
    with world.services.unit_of_work() as uow:
        raised = raise_suspicion(
            uow,
            project_id=world.project_id,
            annotator_id=world.people["third"],
            pattern=Pattern.FAILING_GOLD,
            action=WatchAction.PAUSE,
            evidence={"checked": 10, "right": 4, "at_least_share": 0.5},
        )
    return raised.suspicion_id


@pytest.fixture
def appeal(world):
    """The third annotator contests an answer to a task that was declared gold."""
    third = world.people["third"]
    with world.services.unit_of_work() as uow:
        label, task = uow.session.exec(
            select(Label, Task)
            .join(Task, col(Task.id) == col(Label.task_id))
            .where(Label.annotator_id == third)
        ).first()
        task.gold_answer = "yes" if label.answer == "no" else "no"
        task.use, task.explanation = TaskUse.GOLD, "The record says so."
        record = uow.session.get_one(AnnotatorRecord, (world.project_id, third))
        record.gold_seen = 1
        uow.session.add_all([task, record])
        uow.session.flush()
        return open_appeal(
            uow, world.actor("third"), label_id=label.id, reason="The second line says otherwise."
        )


def test_annotators_are_shown_with_their_skill_and_what_waits(browse, suspicion_id):
    page = browse("team").get(f"{PAGE}/annotators")
    assert "Ada Annotator" in page
    assert "Of their last 10 checked answers, 6 differ from the known ones." in page
    assert page.count('class="interval"') == 3
    assert str(suspicion_id) in page


def test_a_suspicion_is_settled_with_a_word(browse, world, suspicion_id):
    team = browse("team")
    team.get(f"{PAGE}/annotators")
    settle = f"{PAGE}/suspicions/{suspicion_id}/settle"
    assert team.post(settle, outcome="cleared", note=" ") == f"{PAGE}/annotators"
    assert "Say why" in team.get(f"{PAGE}/annotators")
    team.post(settle, outcome="cleared", note="The pictures were blurred.")
    assert first(world, select(Suspicion.state)) is SuspicionState.CLEARED
    page = team.get(f"{PAGE}/annotators")
    assert "The pictures were blurred." in page
    record = first(
        world, select(AnnotatorRecord).where(AnnotatorRecord.annotator_id == world.people["third"])
    )
    # In this world all answers come at once, so that the warning of being fast stays.
    assert record.standing is Standing.WARNED


def test_an_appeal_is_read_with_both_answers_and_upheld(browse, world, appeal):
    team = browse("team")
    page = team.get(f"{PAGE}/appeals")
    assert "The second line says otherwise." in page
    assert "3 people have answered this task" in page
    theirs = json.dumps("no" if appeal.gold_before == "yes" else "yes")
    back = team.post(
        f"/appeals/{appeal.id}/decision",
        within="project",
        choice="theirs",
        theirs=theirs,
        reason="They are right.",
    )
    assert back == f"{PAGE}/appeals"
    decided = first(world, select(Appeal))
    assert (decided.state, json.dumps(decided.gold_after)) == (AppealState.UPHELD, theirs)
    assert "Nothing waits" in team.get(f"{PAGE}/appeals")
    assert "They are right." in team.get(f"{PAGE}/appeals?state=upheld")


def test_a_reviewer_decides_in_the_queue_of_all_projects(browse, world, appeal):
    reviewer = browse("reviewer")
    assert "Does this patient need close follow-up?" in reviewer.get("/appeals")
    address = f"/appeals/{appeal.id}/decision"
    reviewer.post(address, choice="perhaps", reason="Hm.")
    assert "Choose what is right" in reviewer.get("/appeals")
    assert reviewer.post(address, choice="reject", reason="The record is clear.") == "/appeals"
    assert first(world, select(Appeal.state)) is AppealState.REJECTED


def test_annotators_reach_neither_page(browse):
    for address in ("/appeals", f"{PAGE}/appeals", f"{PAGE}/annotators"):
        browse("annotator").get(address, status=403)
