from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.importing import TaskRow
from crowd.models import (
    AnnotatorRecord,
    Label,
    Pattern,
    ProjectState,
    Qualification,
    Standing,
    WatchAction,
)
from crowd.projects import change_state
from crowd.suspicions import raise_suspicion
from crowd.training import TrainingHistory, check_ready, next_in_training
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.ids import new_id

N_TRAINING, PER_ROUND = 5, 3


@pytest.fixture
def project(moot):
    """A project that asks for two of three right in training; and another one beside it."""
    noise = moot.project()
    moot.tasks(noise, "noise")
    project = moot.project(
        opened=False,
        training_questions=PER_ROUND,
        training_pass_share=0.6,
        qualification_days=30,
        ceiling=3,
    )
    rows = [
        TaskRow(external_id=f"t{n}", payload={}, gold="yes", is_training=True, explanation="So.")
        for n in range(N_TRAINING)
    ]
    moot.tasks(project, *rows, *"abcdef")
    with moot.work() as uow:
        return change_state(uow, moot.team, project_id=project.id, state=ProjectState.OPEN)


def record_of(moot, project, annotator):
    with moot.read() as uow:
        return uow.session.get_one(AnnotatorRecord, (project.id, annotator.id))


def train(moot, project, annotator, *answers: str):
    return [moot.answer(project, annotator, answer).feedback for answer in answers]


def tasks_answered(moot, annotator):
    with moot.read() as uow:
        return list(
            uow.session.exec(
                select(Label.task_id).where(Label.annotator_id == annotator.id).order_by(Label.id)
            )
        )


def test_whoever_passes_the_training_is_told_so_and_given_real_tasks(moot, project):
    ann = moot.person()
    feedback = train(moot, project, ann, "yes", "no", "yes")
    assert [(one.was_right, one.checked_answer, one.explanation) for one in feedback] == [
        (True, "yes", "So."), (False, "yes", "So."), (True, "yes", "So."),
    ]  # fmt: skip
    assert [(one.seen, one.right, one.has_passed) for one in feedback] == [
        (1, 1, None), (2, 1, None), (3, 2, True),
    ]  # fmt: skip
    assert moot.answer(project, ann).feedback is None
    record = record_of(moot, project, ann)
    assert (record.n_labels, record.qualification) == (1, Qualification.PASSED)
    with moot.read() as uow:
        assert Action.ANNOTATOR_QUALIFIED in set(uow.session.exec(select(Entry.action)))


def test_whoever_fails_begins_anew_and_sees_a_task_again_only_when_all_were_seen(moot, project):
    ann = moot.person()
    feedback = train(moot, project, ann, "no", "no", "yes")
    assert feedback[-1].has_passed is False
    assert record_of(moot, project, ann).qualification is Qualification.FAILED
    train(moot, project, ann, "yes", "yes")
    seen = tasks_answered(moot, ann)
    assert len(set(seen)) == N_TRAINING
    [last] = train(moot, project, ann, "yes")
    assert (last.has_passed, last.seen) == (True, PER_ROUND)
    assert len(set(tasks_answered(moot, ann)[PER_ROUND:])) == PER_ROUND


def test_a_qualification_ends_after_its_days(moot, project):
    ann = moot.person()
    train(moot, project, ann, "yes", "yes", "yes")
    with clock.moved_to(clock.now() + timedelta(days=29)):
        assert not moot.lease(project, ann).is_training
    with clock.moved_to(clock.now() + timedelta(days=31)):
        assert moot.lease(project, ann).is_training


def test_who_is_sent_to_train_again_goes_on_after_passing(moot, project):
    ann = moot.person()
    train(moot, project, ann, "yes", "yes", "yes")
    with moot.work() as uow:
        raise_suspicion(
            uow,
            project_id=project.id,
            annotator_id=ann.id,
            pattern=Pattern.CONSTANT,
            action=WatchAction.RETRAIN,
            evidence={"run": 30, "share_of_this_answer": 0.5},
        )
    assert record_of(moot, project, ann).standing is Standing.RETRAINING
    train(moot, project, ann, "yes", "yes", "yes")
    assert record_of(moot, project, ann).standing is Standing.GOOD
    assert not moot.lease(project, ann).is_training


def test_a_project_with_too_few_training_tasks_is_not_ready(moot):
    project = moot.project(opened=False, training_questions=2)
    row = TaskRow(external_id="t", payload={}, gold="yes", is_training=True)
    moot.tasks(project, row, "a")
    with moot.read() as uow, pytest.raises(Conflict, match="asks for 2 training tasks and has 1"):
        check_ready(uow, project)


def test_tasks_come_in_turn_and_never_what_was_skipped_or_is_held():
    first, second, skipped, held = (new_id() for _ in range(4))
    histories = [
        TrainingHistory(first, answered=(new_id(),)),
        TrainingHistory(second, answered=(new_id(),)),
        TrainingHistory(skipped, is_skipped=True),
        TrainingHistory(held, is_held=True),
    ]
    assert Counter(next_in_training(histories, n_in_round=0)) == Counter([first, second])
    assert list(next_in_training(histories, n_in_round=1)) == [first]
    # Where a round has more tasks than there are, they come again rather than none.
    assert Counter(next_in_training(histories, n_in_round=2)) == Counter([first, second])
