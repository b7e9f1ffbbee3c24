from datetime import timedelta

import pytest
from sqlmodel import select

from crowd.copy_watch import find_copied, projects_to_watch, request_watch, suspect_copying
from crowd.importing import TaskRow
from crowd.models import Pattern, Suspicion, SuspicionState
from crowd.settling import settle_suspicion
from folkmoot.kernel import clock

CLASSES = list("abcde")
QUIET = {name: {"action": "off"} for name in ("too_fast", "constant", "failing_gold")}


@pytest.fixture
def project(moot, monkeypatch):
    """A project of gold with five classes, where somebody gives another one's wrong answers."""
    monkeypatch.setattr("secrets.randbelow", lambda _sides: 0)
    project = moot.project(gold_share=0.5, answer_schema={"choices": CLASSES}, watch=QUIET)
    rows = [TaskRow(external_id=str(n), payload={}, gold="a") for n in range(36)]
    moot.tasks(project, *rows, "ordinary")  # gold is never given alone
    return project


def answer_all(moot, project, annotator, answers):
    for _ in answers:
        leased = moot.lease(project, annotator)
        moot.label(annotator, leased.lease_id, answers[int(leased.external_id)])


@pytest.fixture
def people(moot, project):
    """Two who err independently, one who errs much, and one who copies the last."""
    wrong = [CLASSES[1 + n % 4] if n % 3 == 0 else "a" for n in range(36)]
    answers = [
        ["b" if n % 6 == 1 else "a" for n in range(36)],
        ["c" if n % 6 == 4 else "a" for n in range(36)],
        wrong,
        wrong,
    ]
    people = [moot.person(name) for name in ("Ann", "Bob", "Cat", "Dan")]
    for annotator, own in zip(people, answers, strict=True):
        answer_all(moot, project, annotator, own)
    return people


def watch(moot, project):
    with moot.read() as uow:
        pairs = find_copied(uow, project_id=project.id)
    for pair in pairs:
        with moot.work() as uow:
            suspect_copying(uow, pair, project_id=project.id)
    return pairs


def test_both_of_a_copied_pair_are_asked_about_and_only_once(moot, project, people):
    [pair] = watch(moot, project)
    assert {pair.first, pair.second} == {str(one.id) for one in people[2:]}
    watch(moot, project)
    with moot.read() as uow:
        found = uow.session.exec(select(Suspicion)).all()
    assert {one.annotator_id for one in found} == {one.id for one in people[2:]}
    assert {one.pattern for one in found} == {Pattern.COPIED}
    assert len(found) == 2
    # What a person has judged is not held against anybody again.
    for suspicion in found:
        with moot.work() as uow:
            settle_suspicion(
                uow,
                moot.team,
                suspicion_id=suspicion.id,
                outcome=SuspicionState.CLEARED,
                note="They sit side by side and talked.",
            )
    assert watch(moot, project) == ()


def test_a_project_is_looked_at_again_when_there_is_something_new(moot, project, people):
    def waiting() -> list[object]:
        with moot.read() as uow:
            return list(projects_to_watch(uow))

    noise = moot.project(gold_share=0.5)
    assert waiting() == [project.id]
    assert noise.id not in waiting()
    with moot.work() as uow:
        request_watch(uow, project_id=project.id)
    assert waiting() == []
    with clock.moved_to(clock.now() + timedelta(hours=1)):
        assert waiting() == []
        moot.tasks(project, TaskRow(external_id="36", payload={}, gold="a"))
        moot.answer(project, people[0], "a")
        assert waiting() == [project.id]
