import pytest
from sqlmodel import select

from audit.actions import Action
from audit.models import Entry
from crowd.contesting import contest_label, judged_labels
from crowd.importing import TaskRow
from crowd.labelling import revise_label
from folkmoot.kernel.errors import Conflict, NotFound


@pytest.fixture
def project(moot, monkeypatch):
    """A project that hands out nothing but gold whose answer is yes."""
    monkeypatch.setattr("crowd.leasing.secrets.randbelow", lambda _sides: 0)
    project = moot.project(gold_share=0.5)
    gold = [TaskRow(external_id=name, payload={}, gold="yes") for name in ("a", "b", "c")]
    moot.tasks(project, *gold)
    return project


def judged(moot, annotator):
    with moot.read() as uow:
        return judged_labels(uow, annotator_id=annotator.id, at_most=10)


def contest(moot, annotator, label):
    with moot.work() as uow:
        return contest_label(uow, annotator, label_id=label.id)


def test_only_own_answers_that_differ_are_shown(moot, project):
    ann, bob = moot.person(), moot.person("Bob")
    moot.answer(project, ann, "yes")
    wrong = moot.answer(project, ann, "no").label
    moot.answer(project, bob, "no")

    [found] = judged(moot, ann)
    assert (found.label_id, found.answer, found.checked_answer) == (wrong.id, "no", "yes")
    assert not found.is_contested


def test_a_contest_is_recorded_and_shown(moot, project):
    ann = moot.person()
    wrong = moot.answer(project, ann, "no").label
    contest(moot, ann, wrong)

    assert [one.is_contested for one in judged(moot, ann)] == [True]
    with moot.read() as uow:
        entry = uow.session.exec(select(Entry).where(Entry.subject_id == wrong.id)).one()
    assert (entry.action, entry.actor_id) == (Action.LABEL_CONTESTED, ann.id)
    assert entry.project_id == project.id


def test_a_second_contest_conflicts(moot, project):
    ann = moot.person()
    wrong = moot.answer(project, ann, "no").label
    contest(moot, ann, wrong)
    with pytest.raises(Conflict):
        contest(moot, ann, wrong)


def test_nobody_contests_for_another_or_what_agrees(moot, project):
    ann, bob = moot.person(), moot.person("Bob")
    wrong, right = moot.answer(project, ann, "no").label, moot.answer(project, ann).label
    for annotator, label in ((bob, wrong), (ann, right)):
        with pytest.raises(NotFound):
            contest(moot, annotator, label)


def test_the_first_answer_is_the_judged_one(moot, project):
    ann = moot.person()
    wrong = moot.answer(project, ann, "no").label
    with moot.work() as uow:
        revise_label(uow, ann, label_id=wrong.id, answer="yes")
    assert [one.label_id for one in judged(moot, ann)] == [wrong.id]
