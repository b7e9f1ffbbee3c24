import pytest
from sqlmodel import select

from crowd.expert_labels import add_expert_label
from crowd.models import Fate, Label, Origin, TaskState
from folkmoot.kernel.errors import InvalidInput


def expert_says(moot, project, expert, external_id, answer, *, payload=None):
    with moot.work() as uow:
        return add_expert_label(
            uow,
            expert,
            project_id=project.id,
            external_id=external_id,
            payload=payload or {},
            answer=answer,
        )


def test_an_expert_label_makes_its_task_where_there_is_none(moot):
    project, expert = moot.project(), moot.person()
    label = expert_says(moot, project, expert, "case-1", "yes", payload={"age": 61})

    task = moot.read_task(project, "case-1")
    assert (label.origin, label.task_id) == (Origin.REVIEW, task.id)
    assert (task.origin, task.state, task.answer, task.confidence) == (
        Origin.REVIEW,
        TaskState.COMPLETE,
        "yes",
        1.0,
    )
    assert task.payload == {"age": 61}
    assert moot.lease(project, moot.person()) is None


def test_a_later_expert_label_of_the_same_person_revises_the_first(moot):
    project, expert = moot.project(), moot.person()
    first = expert_says(moot, project, expert, "case-1", "yes")
    second = expert_says(moot, project, expert, "case-1", "no")

    with moot.read() as uow:
        current = uow.session.exec(select(Label).where(Label.is_current)).all()
    assert [label.id for label in current] == [second.id]
    assert second.supersedes_id == first.id
    assert moot.read_task(project, "case-1").answer == "no"


def test_the_latest_of_several_experts_has_the_last_word(moot):
    project = moot.project()
    expert_says(moot, project, moot.person(), "case-1", "yes")
    expert_says(moot, project, moot.person(), "case-1", "no")

    task = moot.read_task(project, "case-1")
    assert (task.answer, task.n_labels) == ("no", 2)


def test_an_expert_settles_a_task_of_the_crowd_and_whoever_holds_it_may_still_answer(moot):
    project = moot.project(floor=2, ceiling=2)
    ann, expert = moot.person(), moot.person()
    moot.tasks(project, "a")
    held = moot.lease(project, ann)
    expert_says(moot, project, expert, "a", "no", payload={"ignored": True})

    assert moot.lease(project, moot.person()) is None
    done = moot.label(ann, held.lease_id, "yes")
    assert (done.label.fate, done.task_state) == (Fate.ACCEPTED, TaskState.COMPLETE)
    task = moot.read_task(project, "a")
    assert (task.answer, task.payload) == ("no", {"name": "a"})


def test_an_expert_who_labelled_the_task_before_replaces_their_own_label(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    before = moot.answer(project, ann, "yes").label

    assert expert_says(moot, project, ann, "a", "no").supersedes_id == before.id


def test_an_expert_answers_within_the_schema_too(moot):
    project = moot.project()
    with pytest.raises(InvalidInput):
        expert_says(moot, project, moot.person(), "case-1", "perhaps")
