import threading

import pytest
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.appeal_decisions import decide_appeal
from crowd.appeals import appeals, judged_labels, open_appeal
from crowd.importing import TaskRow
from crowd.labelling import revise_label
from crowd.models import (
    AnnotatorRecord,
    Appeal,
    AppealState,
    Earning,
    EarningKind,
    Pattern,
    Standing,
    Suspicion,
    SuspicionState,
    TaskUse,
    WatchAction,
)
from crowd.quality import skill_of
from crowd.suspicions import raise_suspicion
from crowd.tallies import tally_of
from folkmoot.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from folkmoot.kernel.pagination import PageRequest

UPHELD, REJECTED = AppealState.UPHELD, AppealState.REJECTED


@pytest.fixture
def project(moot, monkeypatch):
    """A project that hands out gold whose answer is yes, as long as there is some."""
    monkeypatch.setattr("crowd.leasing.secrets.randbelow", lambda _sides: 0)
    project = moot.project(gold_share=0.5)
    gold = [TaskRow(external_id=name, payload={}, gold="yes") for name in ("a", "b", "c")]
    moot.tasks(project, *gold, "ordinary")  # gold is never given alone
    return project


def judged(moot, annotator):
    with moot.read() as uow:
        return judged_labels(uow, annotator_id=annotator.id, at_most=10)


def appeal(moot, annotator, label, reason="The record says no."):
    with moot.work() as uow:
        return open_appeal(uow, annotator, label_id=label.id, reason=reason)


def decide(moot, actor, opened, outcome=UPHELD, *, gold_after=None):
    with moot.work() as uow:
        return decide_appeal(
            uow,
            actor,
            appeal_id=opened.id,
            outcome=outcome,
            reason="I looked again.",
            gold_after=gold_after,
        )


def record_of(moot, project, annotator):
    with moot.read() as uow:
        return uow.session.get_one(AnnotatorRecord, (project.id, annotator.id))


def actions(moot):
    with moot.read() as uow:
        return set(uow.session.exec(select(Entry.action)))


def answer_gold(moot, project, annotator, task, answer):
    """Answer the gold until the wanted task has come; the others rightly."""
    while True:
        leased = moot.lease(project, annotator)
        is_wanted = leased.external_id == task
        label = moot.label(annotator, leased.lease_id, answer if is_wanted else "yes").label
        if is_wanted:
            return label


def test_only_own_answers_that_differ_are_shown(moot, project):
    ann, bob = moot.person(), moot.person("Bob")
    moot.answer(project, ann, "yes")
    wrong = moot.answer(project, ann, "no").label
    moot.answer(project, bob, "no")

    [found] = judged(moot, ann)
    assert (found.label_id, found.answer_text, found.checked_text) == (wrong.id, "no", "yes")
    assert not found.is_contested


def test_the_first_answer_is_the_judged_one(moot, project):
    ann = moot.person()
    wrong = moot.answer(project, ann, "no").label
    with moot.work() as uow:
        revise_label(uow, ann, label_id=wrong.id, answer="yes")
    assert [one.label_id for one in judged(moot, ann)] == [wrong.id]


def test_an_appeal_is_kept_recorded_and_waits_for_a_person(moot, project):
    ann = moot.person()
    opened = appeal(moot, ann, moot.answer(project, ann, "no").label)

    assert [one.appeal for one in judged(moot, ann)] == [AppealState.OPEN]
    assert Action.LABEL_CONTESTED in actions(moot)
    with moot.read() as uow:
        waiting = appeals(uow, wanted=PageRequest(), state=AppealState.OPEN)
    assert [one.id for one in waiting.items] == [opened.id]


def test_nobody_appeals_twice_for_another_without_reason_or_where_the_answer_agrees(moot, project):
    ann, bob = moot.person(), moot.person("Bob")
    wrong, right = moot.answer(project, ann, "no").label, moot.answer(project, ann).label
    for annotator, label in ((bob, wrong), (ann, right)):
        with pytest.raises(NotFound):
            appeal(moot, annotator, label)
    with pytest.raises(InvalidInput):
        appeal(moot, ann, wrong, reason="  ")
    appeal(moot, ann, wrong)
    with pytest.raises(Conflict):
        appeal(moot, ann, wrong)


def test_an_upheld_appeal_corrects_the_gold_and_everyones_counts(moot, project):
    ann, bob, zoe = moot.person(), moot.person("Bob"), moot.person("Zoe")
    contested = answer_gold(moot, project, ann, "a", "no")
    answer_gold(moot, project, bob, "a", "yes")
    before = skill_of(tally_of(record_of(moot, project, ann)))
    seen = {one.id: record_of(moot, project, one).gold_seen for one in (ann, bob)}
    opened = appeal(moot, ann, contested)
    decided = decide(moot, zoe, opened, gold_after="no")

    assert (decided.state, decided.decided_by, decided.gold_after) == (UPHELD, zoe.id, "no")
    assert moot.read_task(project, "a").gold_answer == "no"
    for annotator, wrong in ((ann, 0), (bob, 1)):
        record = record_of(moot, project, annotator)
        assert (record.gold_seen, record.gold_right) == (
            seen[annotator.id],
            seen[annotator.id] - wrong,
        )
    assert skill_of(tally_of(record_of(moot, project, ann))).mean > before.mean
    assert {Action.GOLD_CHANGED, Action.APPEAL_DECIDED} <= actions(moot)


def test_the_latest_checks_are_counted_anew(moot, project):
    ann, zoe = moot.person(), moot.person("Zoe")
    labels = [moot.answer(project, ann, answer).label for answer in ("yes", "no", "yes")]
    decide(moot, zoe, appeal(moot, ann, labels[1]), gold_after="no")
    assert record_of(moot, project, ann).recent_gold == "111"


def test_a_task_that_is_dropped_from_gold_becomes_an_ordinary_one(moot, project):
    ann, zoe = moot.person(), moot.person("Zoe")
    label = answer_gold(moot, project, ann, "a", "no")
    seen = record_of(moot, project, ann).gold_seen
    decide(moot, zoe, appeal(moot, ann, label), gold_after=None)

    task = moot.read_task(project, "a")
    assert (task.gold_answer, task.use, task.answer) == (None, TaskUse.ORDINARY, "no")
    record = record_of(moot, project, ann)
    assert (record.gold_seen, record.gold_right) == (seen - 1, seen - 1)
    assert judged(moot, ann) == []


def test_a_rejected_appeal_changes_no_count(moot, project):
    ann, zoe = moot.person(), moot.person("Zoe")
    opened = appeal(moot, ann, moot.answer(project, ann, "no").label)
    before = record_of(moot, project, ann)
    decide(moot, zoe, opened, REJECTED)

    assert record_of(moot, project, ann) == before
    [found] = judged(moot, ann)
    assert (found.appeal, found.decision_reason) == (REJECTED, "I looked again.")


def test_neither_the_annotator_nor_the_author_of_the_gold_decides(moot, project):
    ann, bob, zoe = moot.person(), moot.person("Bob"), moot.person("Zoe")
    first = appeal(moot, ann, answer_gold(moot, project, ann, "a", "no"))
    with pytest.raises(NotAllowed):
        decide(moot, ann, first, gold_after="no")
    label = answer_gold(moot, project, bob, "a", "yes")
    decide(moot, zoe, first, gold_after="no")
    with pytest.raises(NotAllowed):
        decide(moot, zoe, appeal(moot, bob, label), REJECTED)


def test_nobody_decides_about_a_task_that_they_answered_themselves(moot, project):
    ann, bob, zoe = moot.person(), moot.person("Bob"), moot.person("Zoe")
    opened = appeal(moot, ann, answer_gold(moot, project, ann, "a", "no"))
    answer_gold(moot, project, bob, "a", "no")

    for outcome in (UPHELD, REJECTED):
        with pytest.raises(NotAllowed, match="yourself"):
            decide(moot, bob, opened, outcome, gold_after="no")
    assert decide(moot, zoe, opened, gold_after="no").state is UPHELD


def test_a_correction_must_be_allowed_and_new(moot, project):
    ann, zoe = moot.person(), moot.person("Zoe")
    opened = appeal(moot, ann, moot.answer(project, ann, "no").label)
    for gold_after in ("maybe", "yes"):
        with pytest.raises(InvalidInput):
            decide(moot, zoe, opened, gold_after=gold_after)
    assert record_of(moot, project, ann).gold_right == 0


def test_a_suspicion_that_rested_on_wrong_gold_is_cleared_and_the_standing_restored(moot, project):
    ann, zoe = moot.person(), moot.person("Zoe")
    labels = [moot.answer(project, ann, answer).label for answer in ("no", "no", "yes")]
    with moot.work() as uow:
        raise_suspicion(
            uow,
            project_id=project.id,
            annotator_id=ann.id,
            pattern=Pattern.FAILING_GOLD,
            action=WatchAction.PAUSE,
            evidence={"checked": 3, "right": 1, "at_least_share": 0.5},
        )
    assert record_of(moot, project, ann).standing is Standing.PAUSED
    decide(moot, zoe, appeal(moot, ann, labels[0]), gold_after="no")

    record = record_of(moot, project, ann)
    assert (record.standing, record.standing_reason) == (Standing.GOOD, "")
    with moot.read() as uow:
        suspicion = uow.session.exec(select(Suspicion)).one()
    assert (suspicion.state, suspicion.settled_by) == (SuspicionState.CLEARED, zoe.id)


def test_other_appeals_that_the_correction_proves_right_are_upheld_with_it(moot, project):
    ann, bob, zoe = moot.person(), moot.person("Bob"), moot.person("Zoe")
    opened = [appeal(moot, one, answer_gold(moot, project, one, "a", "no")) for one in (ann, bob)]
    decide(moot, zoe, opened[0], gold_after="no")
    with moot.read() as uow:
        assert set(uow.session.exec(select(Appeal.state))) == {UPHELD}


def test_pay_is_restored_only_where_it_was_withheld(moot, project):
    ann, bob, zoe = moot.person(), moot.person("Bob"), moot.person("Zoe")
    paid, withheld = (
        appeal(moot, one, answer_gold(moot, project, one, task, "no"))
        for one, task in ((ann, "a"), (bob, "b"))
    )
    with moot.work() as uow:
        for line in uow.session.exec(select(Earning).where(Earning.annotator_id == bob.id)):
            uow.session.delete(line)
    for opened in (paid, withheld):
        decide(moot, zoe, opened, gold_after="no")
    with moot.read() as uow:
        restored = uow.session.exec(select(Earning).where(Earning.kind == EarningKind.APPEAL)).all()
    assert [(line.annotator_id, line.amount_minor) for line in restored] == [(bob.id, 5)]


def test_of_two_who_decide_at_once_one_decides(moot, project):
    ann, deciders = moot.person(), [moot.person("Zoe"), moot.person("Yan")]
    opened = appeal(moot, ann, moot.answer(project, ann, "no").label)
    barrier, conflicts = threading.Barrier(2), []

    def try_to_decide(actor) -> None:
        barrier.wait()
        try:
            decide(moot, actor, opened, gold_after="no")
        except Conflict as refusal:
            conflicts.append(refusal)

    threads = [threading.Thread(target=try_to_decide, args=(actor,)) for actor in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(conflicts) == 1
    record = record_of(moot, project, ann)
    assert (record.gold_seen, record.gold_right) == (1, 1)
    with moot.read() as uow:
        decided = select(Entry).where(Entry.action == Action.APPEAL_DECIDED)
        assert len(uow.session.exec(decided).all()) == 1
