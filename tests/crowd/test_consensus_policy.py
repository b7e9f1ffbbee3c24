"""A consensus by policy: when it is due, once, and what a person may break off."""

import pytest
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.consensus_policy import projects_due, request_due
from crowd.consensus_runs import (
    cancel_run,
    enter_stage,
    load_consensus_problem,
    request_consensus,
    run_by_id,
    solve,
    store_consensus,
)
from crowd.models import Consensus, ProjectState
from crowd.projects import ProjectChange, change_project, change_state
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import WorkState


def due(moot):
    with moot.read() as uow:
        return list(projects_due(uow))


def request(moot, project):
    with moot.work() as uow:
        return request_due(uow, project_id=project.id)


def finish(moot, run):
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=run.id)
    with moot.work() as uow:
        store_consensus(uow, problem, solve(problem))


def close(moot, project):
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.CLOSED)


def label(moot, project, count):
    for _ in range(count):
        moot.answer(project, moot.person())


@pytest.fixture
def project(moot):
    """Ten labels a run, on one task that takes any number of them."""
    project = moot.project(floor=40, ceiling=40, consensus_every=10)
    moot.tasks(project, "a")
    return project


def test_it_is_due_after_so_many_new_labels_and_then_after_as_many_again(moot, project):
    label(moot, project, 9)
    assert due(moot) == []
    label(moot, project, 1)
    assert due(moot) == [project.id]

    finish(moot, request(moot, project))
    assert due(moot) == []
    label(moot, project, 10)
    assert due(moot) == [project.id]


def test_two_sweepers_ask_for_one_run_and_none_while_one_is_running(moot, project):
    label(moot, project, 10)
    assert request(moot, project).number == 1
    assert request(moot, project) is None
    label(moot, project, 10)
    assert due(moot) == []


def test_a_closed_project_gets_a_last_run_once(moot):
    project = moot.project(floor=2, ceiling=2)
    moot.tasks(project, "a", "b")
    label(moot, project, 1)
    assert due(moot) == []
    close(moot, project)
    assert due(moot) == [project.id]

    finish(moot, request(moot, project))
    assert due(moot) == []


def test_a_project_whose_policy_says_by_hand_is_never_due(moot):
    project = moot.project(floor=2, ceiling=2, consensus_at_close=False)
    moot.tasks(project, "a")
    label(moot, project, 1)
    close(moot, project)

    assert due(moot) == []


def test_a_closed_project_without_labels_is_not_due(moot):
    project = moot.project()
    moot.tasks(project, "a")
    close(moot, project)

    assert due(moot) == []


def test_the_policy_can_be_changed_and_the_change_is_recorded(moot, project):
    with moot.work() as uow:
        change = ProjectChange(consensus_every=None, consensus_at_close=False)
        changed = change_project(uow, moot.team, project_id=project.id, change=change)
    label(moot, project, 10)

    assert (changed.consensus_every, changed.consensus_at_close) == (None, False)
    assert due(moot) == []
    with moot.read() as uow:
        entry = uow.session.exec(select(Entry).where(Entry.action == Action.PROJECT_CHANGED)).one()
    assert b'"consensus_every":null' in entry.envelope


def test_a_run_that_was_broken_off_stores_nothing_and_is_recorded(moot, project):
    label(moot, project, 10)
    run = request(moot, project)
    with moot.work() as uow:
        assert enter_stage(uow, run_id=run.id, stage="reading the labels")
    with moot.work() as uow:
        assert cancel_run(uow, moot.team, run_id=run.id).state is WorkState.CANCELLED
    with moot.work() as uow:
        assert not enter_stage(uow, run_id=run.id, stage="weighing")
    finish(moot, run)

    with moot.read() as uow:
        assert run_by_id(uow, run_id=run.id).state is WorkState.CANCELLED
        assert uow.session.exec(select(Consensus)).all() == []
        actions = uow.session.exec(select(Entry.action)).all()
    assert Action.CONSENSUS_CANCELLED in actions
    assert Action.CONSENSUS_FINISHED not in actions
    assert due(moot) == []  # who broke it off did not want another at once


def test_a_run_that_has_ended_cannot_be_broken_off(moot, project):
    label(moot, project, 1)
    with moot.work() as uow:
        run = request_consensus(uow, moot.team, project_id=project.id)
    finish(moot, run)

    with moot.work() as uow, pytest.raises(Conflict):
        cancel_run(uow, moot.team, run_id=run.id)
    with moot.work() as uow, pytest.raises(NotFound):
        cancel_run(uow, moot.team, run_id=new_id())
