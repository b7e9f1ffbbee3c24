from datetime import UTC, datetime, timedelta

from crowd.annotating import (
    MOST_WAITING,
    earnings_of,
    open_projects_for,
    quality_of,
    today_of,
    work_of,
)
from crowd.importing import TaskRow
from crowd.labelling import revise_label
from crowd.leasing import skip_lease
from crowd.models import AnnotatorRecord, ProjectState, SkipReason
from crowd.projects import change_state
from folkmoot.kernel import clock
from folkmoot.kernel.pagination import PageRequest

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def cards(moot, annotator):
    with moot.read() as uow:
        return open_projects_for(uow, annotator_id=annotator.id)


def remember(moot, project, annotator, **counts: float):
    with moot.work() as uow:
        uow.session.add(AnnotatorRecord(project_id=project.id, annotator_id=annotator.id, **counts))


def test_only_open_projects_are_offered_and_those_with_work_come_first(moot):
    empty, busy, paused = moot.project(), moot.project(), moot.project()
    moot.tasks(busy, "a")
    moot.project(opened=False)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=paused.id, state=ProjectState.PAUSED)

    assert [card.project.id for card in cards(moot, moot.person())] == [busy.id, empty.id]


def test_a_card_counts_what_waits_for_this_annotator(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, "a", "b", "c", "d")
    moot.answer(project, ann)
    skipped = moot.lease(project, ann)
    with moot.work() as uow:
        skip_lease(
            uow, annotator_id=ann.id, lease_id=skipped.lease_id, reason=SkipReason.NOT_GOOD_FOR_ME
        )
    moot.lease(project, ann)  # in hand: it still waits for her answer

    [card] = cards(moot, ann)
    assert (card.waiting, card.own_labels) == (2, 1)
    [card] = cards(moot, moot.person())
    assert (card.waiting, card.own_labels) == (4, 0)


def test_a_card_does_not_tell_that_what_is_in_hand_is_gold(moot, monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda _sides: 0)
    project, ann = moot.project(gold_share=0.5), moot.person()
    moot.tasks(project, TaskRow("g", {}, gold="yes"), "a", "b")

    waiting = []
    for _ in range(2):  # gold, then an ordinary one
        waiting.append(cards(moot, ann)[0].waiting)
        moot.lease(project, ann)
    assert [*waiting, cards(moot, ann)[0].waiting] == [2, 2, 2]


def test_counting_stops_where_the_number_helps_nobody(moot):
    project = moot.project()
    moot.tasks(project, *(str(number) for number in range(MOST_WAITING + 5)))

    assert [card.waiting for card in cards(moot, moot.person())] == [MOST_WAITING]


def test_the_pace_is_that_of_others_and_untold_while_they_are_few(moot):
    project, ann = moot.project(pay_minor=6), moot.person()
    remember(moot, project, ann, n_labels=1000, active_seconds=1.0)
    for _ in range(2):
        remember(moot, project, moot.person(), n_labels=20, active_seconds=240.0)
    assert cards(moot, ann)[0].hourly_minor is None

    remember(moot, project, moot.person(), n_labels=20, active_seconds=240.0)
    [card] = cards(moot, ann)
    assert (card.seconds_per_task, card.hourly_minor) == (12.0, 1800)


def test_the_pace_of_others_is_untold_below_ten_minutes_of_their_time(moot):
    project, ann = moot.project(), moot.person()
    for _ in range(3):
        remember(moot, project, moot.person(), n_labels=20, active_seconds=199.0)
    assert cards(moot, ann)[0].hourly_minor is None


def test_a_day_of_work_is_counted_from_midnight_and_a_changed_answer_once(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a", "b", "c")
    with clock.moved_to(NOON - timedelta(days=1)):
        moot.answer(project, ann)
    with clock.moved_to(NOON):
        label = moot.answer(project, ann).label
        moot.answer(project, bob)
        with moot.work() as uow:
            revise_label(uow, ann, label_id=label.id, answer="no")
        with moot.read() as uow:
            today = today_of(uow, annotator_id=ann.id)
            ever = work_of(uow, annotator_id=ann.id)

    assert (today.n_labels, today.active_seconds, today.earned_minor) == (1, 4.0, {"EUR": 5})
    assert (ever.n_labels, ever.active_seconds, ever.earned_minor) == (2, 8.0, {"EUR": 10})


def test_the_ledger_comes_in_pages_newest_first(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a", "b", "c")
    moot.answer(project, moot.person())
    paid = [moot.answer(project, ann).earning.id for _ in range(2)]

    with moot.read() as uow:
        first = earnings_of(uow, annotator_id=ann.id, wanted=PageRequest(limit=1))
        second = earnings_of(uow, annotator_id=ann.id, wanted=PageRequest(first.next_cursor))
    assert [line.id for line in (*first.items, *second.items)] == paid[::-1]
    assert second.next_cursor is None


def test_quality_is_told_by_project_with_its_interval(moot):
    project, ann = moot.project(), moot.person()
    remember(moot, project, ann, n_labels=99, gold_seen=50, gold_right=46)
    remember(moot, project, moot.person(), n_labels=99, gold_seen=1000, gold_right=0)
    remember(moot, moot.project(), ann, n_labels=0)

    with moot.read() as uow:
        [quality] = quality_of(uow, annotator_id=ann.id)
    assert (quality.project.id, quality.gold_seen, quality.gold_right) == (project.id, 50, 46)
    assert 0.75 < quality.reliability.low < quality.reliability.mean < quality.reliability.high < 1
