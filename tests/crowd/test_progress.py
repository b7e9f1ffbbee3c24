from datetime import timedelta

import pytest
import sqlalchemy as sa

from crowd.accuracy import accuracy_of
from crowd.consensus_runs import load_consensus_problem, request_consensus, solve, store_consensus
from crowd.expert_labels import add_expert_label
from crowd.importing import TaskRow
from crowd.leasing import release_lease
from crowd.models import Label, LeaseReason, TaskState
from crowd.outcomes import OutcomeRow, import_outcomes
from crowd.progress import (
    Integrity,
    counted_integrity,
    funnels_of,
    project_progress,
    task_story,
    tasks_of,
)
from crowd.tables import LABEL, PLACE
from folkmoot.kernel import clock
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.pagination import PageRequest

SOUND = Integrity(places_handed_out_twice=0, tasks_over_ceiling=0, labels_lost=0, tasks_stuck=0)


@pytest.fixture
def project(moot):
    """Two people on tasks a and b, two others on c, a gold task; another project beside it."""
    noise = moot.project()
    moot.tasks(noise, "a", "b")
    moot.answer(noise, moot.person())
    project = moot.project(floor=2, ceiling=4, confidence=0.7)
    moot.tasks(project, "a", "b", TaskRow("g", {}, gold="yes"), "c")
    for _ in range(2):
        ann = moot.person()
        moot.answer(project, ann, "yes")
        moot.answer(project, ann, "yes")
    for _ in range(2):
        moot.answer(project, moot.person(), "no")
    return project


def consensus(moot, project):
    with moot.work() as uow:
        run = request_consensus(uow, moot.team, project_id=project.id, method="majority")
        problem = load_consensus_problem(uow, run_id=run.id)
        store_consensus(uow, problem, solve(problem))
    return run


def progress_of(moot, project):
    with moot.read() as uow:
        return project_progress(uow, project_id=project.id)


def integrity_of(moot, project):
    with moot.read() as uow:
        return counted_integrity(uow, project_id=project.id)


def test_the_funnel_counts_tasks_places_labels_and_what_is_sure(moot, project):
    with moot.work() as uow:
        add_expert_label(
            uow,
            moot.person(),
            project_id=project.id,
            external_id="case",
            payload={},
            answer="yes",
        )
    found = progress_of(moot, project)

    funnel = found.funnel
    assert (funnel.tasks, funnel.gold, funnel.by_experts) == (3, 1, 1)
    assert (funnel.labels, funnel.surplus, funnel.annotators) == (6, 0, 4)
    assert (funnel.complete, funnel.confident, funnel.cost_minor) == (3, 3, 30)
    assert funnel.places == 6
    assert (found.labels_saved, found.saved_share) == (6, 0.5)
    assert found.balance == {"yes": 3, "no": 1}
    assert {task.external_id for task in found.hardest} == {"a", "b", "c"}
    assert found.run is None


def test_a_consensus_run_brings_reliability_and_balance(moot, project):
    run = consensus(moot, project)
    found = progress_of(moot, project)

    assert found.run.id == run.id
    assert found.balance == {"yes": 2, "no": 1}
    assert all(0 < each.low < each.reliability < each.high < 1 for each in found.annotators)
    reliabilities = [each.reliability for each in found.annotators]
    assert reliabilities == sorted(reliabilities)
    answers = [dict(each.answers) for each in found.annotators]
    assert sorted(answers, key=str) == [
        {'"no"': 1},
        {'"no"': 1},
        {'"yes"': 2},
        {'"yes"': 2},
    ]


def test_funnels_of_several_projects_do_not_mix(moot, project):
    other = moot.project()
    with moot.read() as uow:
        funnels = funnels_of(uow, projects=[project, other])

    assert (funnels[project.id].labels, funnels[other.id].labels) == (6, 0)


def test_a_task_tells_its_whole_story(moot, project):
    run = consensus(moot, project)
    task = moot.read_task(project, "c")
    with moot.read() as uow:
        story = task_story(uow, task_id=task.id)

    assert story.task.external_id == "c"
    assert [told.label.answer for told in story.labels] == ["no", "no"]
    assert [told.lease.reason for told in story.labels] == [LeaseReason.ORDER] * 2
    assert all(0 < told.reliability < 1 for told in story.labels)
    assert [told.run.id for told in story.consensus] == [run.id]
    with pytest.raises(NotFound), moot.read() as uow:
        task_story(uow, task_id=new_id())


def test_tasks_are_found_by_a_part_of_their_id_and_by_state(moot):
    project = moot.project()
    moot.tasks(project, "p_1", "px1", "q")
    moot.answer(project, moot.person())

    def found(state: TaskState | None = None, search: str = "") -> set[str]:
        wanted = PageRequest()
        with moot.read() as uow:
            page = tasks_of(uow, project_id=project.id, wanted=wanted, state=state, search=search)
        return {task.external_id for task in page.items}

    assert found() == {"p_1", "px1", "q"}
    assert found(search="p_") == {"p_1"}
    assert found(TaskState.COMPLETE) == {"p_1"}


def test_accuracy_counts_tasks_whose_outcome_is_known(moot, project):
    run = consensus(moot, project)
    with moot.read() as uow:
        assert accuracy_of(uow, run_id=run.id).accuracy is None
    rows = [("a", "yes"), ("b", "yes"), ("c", "yes"), ("g", "yes"), ("elsewhere", "no")]
    with moot.work() as uow:
        import_outcomes(
            uow,
            moot.team,
            project_id=project.id,
            rows=[OutcomeRow(external_id=name, answer=answer) for name, answer in rows],
            source="test",
        )
    with moot.read() as uow:
        found = accuracy_of(uow, run_id=run.id)

    assert (found.n_cases, found.n_right) == (3, 2)
    # Clopper and Pearson's limits for 2 of 3, from their definition.
    assert (found.low, found.high) == (
        pytest.approx(0.0943, abs=1e-4),
        pytest.approx(0.9916, abs=1e-4),
    )


def test_an_eventful_but_honest_history_is_sound(moot):
    project = moot.project(floor=2, ceiling=3, gold_share=0.5)
    moot.tasks(project, TaskRow("g", {}, gold="yes"), "a", "b")
    ann, bob, cyd = moot.person(), moot.person(), moot.person()
    late = moot.lease(project, ann)
    given_back = moot.lease(project, bob)
    with moot.work() as uow:
        release_lease(uow, annotator_id=bob.id, lease_id=given_back.lease_id)
    with clock.moved_to(clock.now() + timedelta(seconds=700)):
        for person in (bob, cyd):
            while (leased := moot.lease(project, person)) is not None:
                moot.label(person, leased.lease_id)
        moot.label(ann, late.lease_id)

    assert integrity_of(moot, project) == SOUND


def test_a_recount_finds_a_place_that_was_handed_out_twice(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    first = moot.lease(project, ann)
    with moot.work() as uow:
        forget_lease = sa.update(PLACE).values(
            annotator_id=None, lease_id=None, leased_until=None, rank=0
        )
        uow.session.connection().execute(forget_lease)
    moot.lease(project, moot.person())

    assert first is not None
    assert integrity_of(moot, project).places_handed_out_twice == 1


def test_a_recount_finds_a_labelled_place_that_was_handed_out_again(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    moot.answer(project, ann)
    with moot.work() as uow:
        forget_label = sa.update(PLACE).values(
            label_id=None, lease_id=None, leased_until=None, rank=0
        )
        uow.session.connection().execute(forget_label)
    with clock.moved_to(clock.now() + timedelta(hours=1)):
        moot.lease(project, moot.person())

    assert integrity_of(moot, project).places_handed_out_twice == 1


def test_a_recount_finds_lost_labels_tasks_over_the_ceiling_and_stuck_ones(moot):
    project = moot.project(floor=2, ceiling=2)
    moot.tasks(project, "a", "b")
    ann, bob = moot.person(), moot.person()
    for person in (ann, bob):
        moot.answer(project, person)
    lost = moot.answer(project, ann).label
    kept = moot.read_task(project, "a")
    with moot.work() as uow:
        connection = uow.session.connection()
        connection.execute(sa.delete(LABEL).where(LABEL.c.id == lost.id))
        connection.execute(
            sa.update(PLACE).where(PLACE.c.task_id == lost.task_id).values(rank=None)
        )
        uow.session.add(
            Label(
                project_id=project.id,
                task_id=kept.id,
                annotator_id=moot.team.id,
                origin="crowd",
                answer="yes",
                fate="accepted",
                active_seconds=1.0,
                instructions_version=1,
                created_at=clock.now(),
            )
        )

    assert integrity_of(moot, project) == Integrity(
        places_handed_out_twice=0, tasks_over_ceiling=1, labels_lost=1, tasks_stuck=1
    )
