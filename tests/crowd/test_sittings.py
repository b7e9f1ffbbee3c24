"""Time at work, by signs of life on a clock that is moved by hand."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlmodel import select

from crowd.models import Lease, Project, Sitting
from crowd.sitting_times import BREAK, LONGEST_GAP, REST
from crowd.sittings import beat, sitting_of
from folkmoot.kernel import clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Page:
    """A page with a task on it, whose signs of life the test sends at moments of its choice."""

    def __init__(self, moot, annotator, project) -> None:
        self.moot, self.annotator = moot, annotator
        with clock.moved_to(NOON):
            self.lease_id = moot.lease(project, annotator).lease_id

    def beat(self, seconds: float, *, is_active: bool = True):
        with clock.moved_to(NOON + timedelta(seconds=seconds)), self.moot.work() as uow:
            return beat(
                uow,
                annotator_id=self.annotator.id,
                lease_ids=[self.lease_id],
                is_active=is_active,
            )

    def worked(self, *moments: float) -> None:
        for seconds in moments:
            self.beat(seconds)

    @property
    def seconds(self) -> float:
        with self.moot.read() as uow:
            return uow.session.get(Lease, self.lease_id).active_seconds


@pytest.fixture
def project(moot):
    project = moot.project(lease_seconds=600)
    moot.tasks(project, *"abcdef")
    return project


@pytest.fixture
def page(moot, project):
    return Page(moot, moot.person(), project)


def sitting(moot, annotator) -> Sitting:
    with moot.read() as uow:
        return sitting_of(uow, annotator_id=annotator.id)


def limit(moot, project, **limits: int) -> None:
    with moot.work() as uow:
        stored = uow.session.get(Project, project.id)
        for name, value in limits.items():
            setattr(stored, name, value)
        uow.session.add(stored)


def test_time_runs_from_the_moment_that_the_task_was_given(moot, page):
    page.worked(20, 40, 55)
    assert page.seconds == 55
    assert sitting(moot, page.annotator).active_seconds == 55
    assert sitting(moot, page.annotator).started_at == NOON


@pytest.mark.parametrize(
    ("moments", "counted"),
    [
        ([10, 10 + 60], 10 + LONGEST_GAP.total_seconds()),  # a lost sign of life
        ([10, 10 + BREAK.total_seconds()], 10),  # nobody was there
        ([10, 10 + REST.total_seconds(), 25 + REST.total_seconds()], 25),
        ([10, 5, 20], 20),  # a clock that is set back counts nothing twice
    ],
)
def test_what_is_too_long_to_be_work_is_not_counted(page, moments, counted):
    page.worked(*moments)
    assert page.seconds == counted


def test_idle_gaps_never_count(page):
    page.worked(10)
    for seconds in (20, 30, 40):
        page.beat(seconds, is_active=False)
    page.worked(45, 50)
    assert page.seconds == 10 + 5 + 5


def test_two_pages_at_once_count_as_one_person(moot, project, page):
    other = Page(moot, page.annotator, project)
    for seconds in range(0, 120, 20):
        page.worked(seconds)
        other.worked(seconds + 7)
    assert page.seconds + other.seconds == 107
    assert sitting(moot, page.annotator).active_seconds == 107


def test_a_page_where_nobody_works_takes_no_time_from_the_other(moot, project, page):
    idle = Page(moot, page.annotator, project)
    for seconds in (10, 20, 30, 40):
        page.worked(seconds)
        idle.beat(seconds + 5, is_active=False)
    assert (page.seconds, idle.seconds) == (40, 0)


def test_signs_of_life_at_the_same_moment_count_it_once(moot, project, page):
    """Both pages beat together, each in a thread of its own, as far as the database lets them."""
    other, together = Page(moot, page.annotator, project), Barrier(2)

    def run(one: Page) -> None:
        for seconds in (10, 20, 30):
            together.wait(timeout=30)
            one.beat(seconds)

    threads = [Thread(target=run, args=[one]) for one in (page, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert page.seconds + other.seconds == 30


def test_a_sign_of_life_keeps_the_leases_and_counts_for_nobody_else(moot, project, page):
    stranger = Page(moot, moot.person(), project)
    with clock.moved_to(NOON + timedelta(seconds=20)), moot.work() as uow:
        kept = beat(
            uow,
            annotator_id=page.annotator.id,
            lease_ids=[stranger.lease_id, page.lease_id],
            is_active=True,
        )
    assert kept.leases == {page.lease_id: NOON + timedelta(seconds=620)}
    assert (page.seconds, stranger.seconds) == (0, 0)


def test_an_answered_task_gets_no_more_time(moot, page):
    moot.label(page.annotator, page.lease_id)
    page.worked(10, 20)
    assert page.seconds == 0


def test_a_break_is_called_for_and_five_minutes_are_one(moot, project, page):
    limit(moot, project, break_after_minutes=1)
    page.worked(20, 40)
    told = page.beat(60)
    assert told.break_is_due
    assert told.notice.startswith("You have worked 1 minute without a break.")
    resting = page.beat(60 + BREAK.total_seconds(), is_active=False)
    assert (resting.break_is_due, resting.seconds_since_break) == (False, 0)
    back = page.beat(65 + BREAK.total_seconds())
    assert (back.seconds_since_break, back.notice) == (5, "")
    assert sitting(moot, page.annotator).active_seconds == 65


def test_a_sitting_ends_when_it_has_lasted_as_long_as_it_may(moot, project, page):
    limit(moot, project, session_cap_minutes=1)
    page.worked(20, 40)
    assert page.beat(59).rests_until is None
    told = page.beat(60)
    assert told.rests_until == NOON + timedelta(seconds=60) + REST
    assert "from 13:01 UTC you can go on" in told.notice
    assert page.beat(60 + REST.total_seconds(), is_active=False).rests_until is None


def test_nothing_on_the_screen_counts_nothing(moot, page):
    with moot.work() as uow:
        told = beat(uow, annotator_id=page.annotator.id, lease_ids=[], is_active=True)
    assert (told.leases, told.notice) == ({}, "")
    with moot.read() as uow:
        assert [row.active_seconds for row in uow.session.exec(select(Sitting))] == [0]
