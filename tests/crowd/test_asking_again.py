"""Audits: a task that is done, put to one more annotator beyond the ceiling."""

import pytest

from crowd.asking_again import ask_again
from crowd.expert_labels import add_expert_label
from crowd.importing import TaskRow
from crowd.models import LeaseReason, Project, ProjectState, TaskState
from crowd.projects import change_state
from folkmoot.kernel.errors import Conflict, InvalidInput


def audit(moot, project: Project, *names: str) -> int:
    with moot.work() as uow:
        return ask_again(uow, moot.team, project_id=project.id, external_ids=names)


def test_a_finished_task_is_put_to_one_more_annotator_who_has_not_seen_it(moot):
    project, ann, bob, eve = moot.project(), moot.person(), moot.person(), moot.person()
    moot.tasks(project, "a")
    moot.answer(project, ann)
    assert moot.lease(project, bob) is None

    assert audit(moot, project, "a") == 1

    assert moot.read_task(project, "a").state is TaskState.COMPLETE
    assert moot.lease(project, ann) is None
    leased = moot.lease(project, bob)
    assert leased.external_id == "a"
    assert moot.lease(project, eve) is None
    done = moot.label(bob, leased.lease_id)
    assert done.reason is LeaseReason.AUDIT
    task = moot.read_task(project, "a")
    assert (task.state, task.n_labels) == (TaskState.COMPLETE, 2)
    assert moot.lease(project, eve) is None


def test_a_task_that_waits_for_an_audit_is_not_asked_twice(moot):
    project = moot.project()
    moot.tasks(project, "a", "b")
    moot.answer(project, ann := moot.person())
    moot.answer(project, ann)
    assert audit(moot, project, "a") == 1
    assert audit(moot, project, "a", "b", "b") == 1


def test_an_audit_that_an_experts_label_ended_can_be_asked_for_again(moot):
    project, bob = moot.project(), moot.person()
    moot.tasks(project, "a")
    moot.answer(project, moot.person())
    assert audit(moot, project, "a") == 1
    with moot.work() as uow:
        add_expert_label(
            uow, moot.team, project_id=project.id, external_id="a", payload={}, answer="no"
        )
    assert moot.lease(project, bob) is None

    assert audit(moot, project, "a") == 1
    assert audit(moot, project, "a") == 0
    leased = moot.lease(project, bob)
    assert leased.external_id == "a"
    assert moot.lease(project, moot.person()) is None
    moot.label(bob, leased.lease_id)
    assert moot.read_task(project, "a").answer == "no"


def test_what_is_not_done_or_known_already_is_named(moot):
    project = moot.project(gold_share=0)
    moot.tasks(project, "open", TaskRow("gold", {"name": "gold"}, gold="yes"))
    for name, reason in {
        "open": "still asks",
        "gold": "known already",
        "nobody": "no such task",
    }.items():
        with pytest.raises(InvalidInput, match=f"{reason}.*{name}"):
            audit(moot, project, name)


def test_a_closed_project_asks_nobody(moot):
    project = moot.project()
    moot.tasks(project, "a")
    moot.answer(project, moot.person())
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.CLOSED)
    with pytest.raises(Conflict, match="closed"):
        audit(moot, project, "a")
