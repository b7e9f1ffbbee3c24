"""Training through the same leases and labels as all other work, but beside the queue."""

import pytest
from sqlmodel import select

from crowd.importing import TaskRow
from crowd.integrity import counted_integrity
from crowd.leasing import held_leases, renew_leases, skip_lease
from crowd.models import (
    AnnotatorRecord,
    Earning,
    Fate,
    Label,
    LeaseReason,
    Origin,
    Place,
    ProjectState,
    SkipReason,
    Task,
    WorkDay,
)
from crowd.projects import change_state
from folkmoot.kernel.errors import Conflict


@pytest.fixture
def project(moot):
    project = moot.project(opened=False, training_questions=2, training_pass_share=0.5)
    lessons = [
        TaskRow(f"l{n}", {}, gold="yes", is_training=True, explanation="It says so.")
        for n in range(4)
    ]
    moot.tasks(project, *lessons, "a")
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.OPEN)
    return project


def test_training_comes_first_with_feedback_and_is_paid_but_never_counts(moot, project):
    ann = moot.person()
    first = moot.answer(project, ann, "yes")
    second = moot.answer(project, ann, "no")

    assert (first.reason, first.was_right) == (LeaseReason.TRAINING, True)
    assert (first.feedback.seen, first.feedback.explanation) == (1, "It says so.")
    assert (second.was_right, second.feedback.has_passed) == (False, True)
    assert (first.label.origin, first.label.fate) == (Origin.TRAINING, Fate.ACCEPTED)
    with moot.read() as uow:
        assert len(uow.session.exec(select(Earning)).all()) == 2
        assert uow.session.get(AnnotatorRecord, (project.id, ann.id)).n_labels == 0
        day = uow.session.exec(select(WorkDay)).one()
        lessons = uow.session.exec(select(Task).where(Task.use == "training")).all()
        in_places = {place.task_id for place in uow.session.exec(select(Place))}
        assert counted_integrity(uow, project_id=project.id).is_sound
    assert in_places.isdisjoint(one.id for one in lessons)
    assert (day.n_labels, day.earned_minor) == (0, 10)
    assert {(one.n_labels, one.answer) for one in lessons} == {(0, None)}

    assert moot.answer(project, ann).reason is LeaseReason.ORDER


def test_a_training_task_is_held_renewed_and_skipped_like_any_other(moot, project):
    ann = moot.person()
    leased = moot.lease(project, ann)
    assert leased.is_training

    with moot.work() as uow:
        assert held_leases(uow, project_id=project.id, annotator_id=ann.id) == [leased]
        assert leased.lease_id in renew_leases(
            uow, annotator_id=ann.id, lease_ids=[leased.lease_id]
        )
        skip_lease(uow, annotator_id=ann.id, lease_id=leased.lease_id, reason=SkipReason.UNCLEAR)
    with pytest.raises(Conflict, match="skipped"):
        moot.label(ann, leased.lease_id)


def test_the_same_training_answer_sent_twice_is_one_label(moot, project):
    ann = moot.person()
    leased = moot.lease(project, ann)
    first = moot.label(ann, leased.lease_id)

    assert moot.label(ann, leased.lease_id).label == first.label
    with moot.read() as uow:
        assert len(uow.session.exec(select(Label)).all()) == 1
