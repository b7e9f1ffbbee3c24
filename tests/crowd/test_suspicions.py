import pytest
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.models import (
    AnnotatorRecord,
    Pattern,
    Qualification,
    Standing,
    Suspicion,
    SuspicionState,
    WatchAction,
)
from crowd.settling import end_retraining, object_to_suspicion, settle_suspicion
from crowd.suspicions import raise_suspicion
from folkmoot.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound

CLEARED, CONFIRMED = SuspicionState.CLEARED, SuspicionState.CONFIRMED


@pytest.fixture
def project(moot):
    project = moot.project()
    moot.tasks(project, *"abcdef")
    return project


@pytest.fixture
def ann(moot, project):
    ann = moot.person()
    moot.answer(project, ann)
    return ann


def suspect(moot, project, annotator, action, pattern=Pattern.TOO_FAST):
    with moot.work() as uow:
        raised = raise_suspicion(
            uow,
            project_id=project.id,
            annotator_id=annotator.id,
            pattern=pattern,
            action=action,
            evidence={"run": 10, "seconds": 1.0},
        )
    return raised.suspicion_id


def settle(moot, actor, suspicion_id, outcome, follows=None):
    with moot.work() as uow:
        return settle_suspicion(
            uow,
            actor,
            suspicion_id=suspicion_id,
            outcome=outcome,
            note="I looked.",
            follows=follows,
        )


def record_of(moot, project, annotator):
    with moot.read() as uow:
        return uow.session.get_one(AnnotatorRecord, (project.id, annotator.id))


@pytest.mark.parametrize(
    ("action", "standing"),
    [
        (WatchAction.REVIEW, Standing.GOOD),
        (WatchAction.WARN, Standing.WARNED),
        (WatchAction.PAUSE, Standing.PAUSED),
        # Where there is no training to ask for, a pause comes closest.
        (WatchAction.RETRAIN, Standing.PAUSED),
    ],
)
def test_the_declared_action_follows_and_its_reason_is_there_to_read(
    moot, project, ann, action, standing
):
    suspect(moot, project, ann, action)
    record = record_of(moot, project, ann)
    assert record.standing is standing
    assert "Each of your last 10 answers took less than a second." in record.standing_reason


def test_a_paused_annotator_is_told_why_they_get_no_task(moot, project, ann):
    suspect(moot, project, ann, WatchAction.PAUSE)
    with pytest.raises(Conflict, match="less than a second"):
        moot.lease(project, ann)


def test_a_cleared_suspicion_restores_the_standing_and_the_counts_begin_anew(moot, project, ann):
    with moot.work() as uow:
        record = uow.session.get_one(AnnotatorRecord, (project.id, ann.id))
        record.fast_run = 10
        uow.session.add(record)
    settle(moot, moot.team, suspect(moot, project, ann, WatchAction.PAUSE), CLEARED)
    record = record_of(moot, project, ann)
    assert (record.standing, record.standing_reason, record.fast_run) == (Standing.GOOD, "", 0)


def test_a_confirmed_suspicion_holds_until_it_is_cleared(moot, project, ann):
    suspicion = suspect(moot, project, ann, WatchAction.PAUSE)
    settle(moot, moot.team, suspicion, CONFIRMED)
    assert record_of(moot, project, ann).standing is Standing.PAUSED
    settle(moot, moot.team, suspicion, CLEARED)
    assert record_of(moot, project, ann).standing is Standing.GOOD
    with pytest.raises(Conflict):
        settle(moot, moot.team, suspicion, CONFIRMED)


def test_whoever_confirms_a_review_says_what_follows(moot, project, ann):
    suspicion = suspect(moot, project, ann, WatchAction.REVIEW)
    settle(moot, moot.team, suspicion, CONFIRMED, follows=WatchAction.WARN)
    assert record_of(moot, project, ann).standing is Standing.WARNED


def test_of_several_suspicions_the_gravest_gives_the_standing(moot, project, ann):
    suspect(moot, project, ann, WatchAction.WARN)
    grave = suspect(moot, project, ann, WatchAction.PAUSE, Pattern.CONSTANT)
    assert record_of(moot, project, ann).standing is Standing.PAUSED
    settle(moot, moot.team, grave, CLEARED)
    assert record_of(moot, project, ann).standing is Standing.WARNED


def test_nobody_settles_what_was_noticed_of_themselves_or_without_a_word(moot, project, ann):
    suspicion = suspect(moot, project, ann, WatchAction.PAUSE)
    with pytest.raises(NotAllowed):
        settle(moot, ann, suspicion, CLEARED)
    with pytest.raises(InvalidInput), moot.work() as uow:
        settle_suspicion(uow, moot.team, suspicion_id=suspicion, outcome=CLEARED, note=" ")
    assert record_of(moot, project, ann).standing is Standing.PAUSED


def test_the_annotator_objects_and_nobody_else_does(moot, project, ann):
    suspicion = suspect(moot, project, ann, WatchAction.PAUSE)
    for actor, fits in ((moot.team, False), (ann, True)):
        if not fits:
            with pytest.raises(NotFound), moot.work() as uow:
                object_to_suspicion(uow, actor, suspicion_id=suspicion, objection="No.")
            continue
        with moot.work() as uow:
            object_to_suspicion(uow, actor, suspicion_id=suspicion, objection="They were easy.")
    with moot.read() as uow:
        assert uow.session.get_one(Suspicion, suspicion).objection == "They were easy."
        assert Action.SUSPICION_OBJECTED in set(uow.session.exec(select(Entry.action)))


def test_passing_the_training_once_more_ends_what_asked_for_it(moot):
    project, ann = moot.project(opened=False, training_questions=2), moot.person()
    with moot.work() as uow:
        uow.session.add(
            AnnotatorRecord(
                project_id=project.id,
                annotator_id=ann.id,
                qualification=Qualification.PASSED,
                training_seen=1,
            )
        )
    suspicion = suspect(moot, project, ann, WatchAction.RETRAIN)
    record = record_of(moot, project, ann)
    assert (record.standing, record.qualification) == (Standing.RETRAINING, Qualification.NONE)
    assert record.training_seen == 0
    with moot.work() as uow:
        record = uow.session.get_one(AnnotatorRecord, (project.id, ann.id))
        record.qualification = Qualification.PASSED
        uow.session.add(record)
        end_retraining(uow, project_id=project.id, annotator_id=ann.id)
    assert record_of(moot, project, ann).standing is Standing.GOOD
    with moot.read() as uow:
        assert uow.session.get_one(Suspicion, suspicion).state is CLEARED
