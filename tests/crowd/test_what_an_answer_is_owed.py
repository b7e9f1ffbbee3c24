"""What an answer is paid, and how much of the time that it claims counts as work."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from crowd.importing import TaskRow
from crowd.labelling import submit_label
from crowd.models import AnnotatorRecord, Earning, Label, ProjectState, WorkDay
from crowd.projects import ProjectChange, change_project, change_state
from crowd.sittings import beat
from folkmoot.kernel import clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def at(seconds: float):
    return clock.moved_to(NOON + timedelta(seconds=seconds))


def worked(moot, annotator, lease_id, *moments: int) -> None:
    for moment in moments:
        with at(moment), moot.work() as uow:
            beat(uow, annotator_id=annotator.id, lease_ids=[lease_id], is_active=True)


def credited(moot, annotator, lease_id, *, claimed: float) -> float:
    with moot.work() as uow:
        done = submit_label(
            uow,
            annotator_id=annotator.id,
            lease_id=lease_id,
            answer="yes",
            active_seconds=claimed,
        )
    return done.label.active_seconds


def test_an_answer_is_paid_what_was_shown_though_the_pay_is_lower_by_then(moot):
    project, ann = moot.project(pay_minor=10), moot.person()
    moot.tasks(project, "a")
    with at(0):
        shown = moot.lease(project, ann)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.PAUSED)
        # The lease has run out, so nothing forbids it; but a late answer is paid all the same.
        less = ProjectChange(pay_minor=0)
        change_project(uow, moot.team, project_id=project.id, change=less)
    assert (shown.pay_minor, moot.label(ann, shown.lease_id).earning.amount_minor) == (10, 10)
    with moot.read() as uow:
        assert uow.session.exec(select(WorkDay.earned_minor)).all() == [10]


def test_a_page_is_credited_its_signs_of_life_and_one_gap_after_the_last(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    with at(0):
        lease_id = moot.lease(project, ann).lease_id
    worked(moot, ann, lease_id, 20, 40, 60)
    with at(1000):
        assert credited(moot, ann, lease_id, claimed=1000.0) == 90.0


def test_a_page_is_credited_no_more_than_it_claims(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    with at(0):
        lease_id = moot.lease(project, ann).lease_id
    worked(moot, ann, lease_id, 20, 40)
    with at(45):
        assert credited(moot, ann, lease_id, claimed=12.5) == 12.5


def test_three_tasks_that_are_held_for_hours_are_no_hours_of_work(moot):
    project, ann = moot.project(lease_seconds=10_000), moot.person()
    moot.tasks(project, "a", "b", "c")
    with at(0):
        held = [moot.lease(project, ann).lease_id for _ in range(3)]
    with at(9000):
        assert [credited(moot, ann, each, claimed=9000.0) for each in held] == [30.0] * 3
    with moot.read() as uow:
        record = uow.session.get_one(AnnotatorRecord, (project.id, ann.id))
    assert record.active_seconds == 90.0


@pytest.fixture
def school(moot):
    """A project with two training tasks, of which a round asks for both."""
    project = moot.project(opened=False, training_questions=2, training_pass_share=1.0)
    rows = [TaskRow(name, {}, gold="yes", is_training=True) for name in ("t1", "t2")]
    moot.tasks(project, *rows, "a")
    with moot.work() as uow:
        return change_state(uow, moot.team, project_id=project.id, state=ProjectState.OPEN)


def test_a_training_task_is_paid_once_to_each(moot, school):
    ann, bob = moot.person(), moot.person("Bob")
    for _ in range(2):
        moot.answer(school, ann, "no")
    repeated = moot.lease(school, ann)
    again = moot.label(ann, repeated.lease_id, "no")
    assert (repeated.pay_minor, again.earning.amount_minor) == (0, 0)
    assert moot.label(ann, repeated.lease_id, "no").earning == again.earning
    assert moot.answer(school, bob, "no").earning.amount_minor == 5
    with moot.read() as uow:
        paid = select(Earning.amount_minor).where(Earning.annotator_id == ann.id)
        assert sorted(uow.session.exec(paid)) == [0, 5, 5]


def test_a_training_task_that_came_again_before_its_late_answer_is_paid_once(moot, school):
    ann = moot.person()
    late = []
    for hour in range(3):
        with at(hour * 20_000):
            late.append(moot.lease(school, ann).lease_id)
    paid = sum(moot.label(ann, lease_id, "no").earning.amount_minor for lease_id in late)
    with moot.read() as uow:
        tasks = set(uow.session.exec(select(Label.task_id).where(Label.annotator_id == ann.id)))
    assert paid == 5 * len(tasks) < 15
