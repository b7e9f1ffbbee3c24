from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from crowd import places, searching
from crowd.importing import TaskRow
from crowd.leasing import (
    held_leases,
    leased_task,
    next_lease,
    release_lease,
    renew_leases,
    skip_lease,
)
from crowd.models import (
    AnnotatorRecord,
    Earning,
    Label,
    Lease,
    LeaseReason,
    LeaseState,
    Place,
    Project,
    ProjectState,
    SkipReason,
    Task,
)
from crowd.places import return_places
from crowd.projects import change_state
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.ids import new_id

LEASE_TIME = timedelta(seconds=600)


def later(by: timedelta):
    return clock.moved_to(clock.now() + by)


def test_a_lease_carries_the_task_and_what_is_needed_to_answer_it(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, TaskRow("p1", {"age": 61}))
    leased = moot.lease(project, ann)

    assert leased.payload == {"age": 61}
    assert leased.answer_schema == project.answer_schema
    assert leased.instructions_version == 1
    assert leased.reason is LeaseReason.ORDER
    assert leased.expires_at - leased.given_at == LEASE_TIME
    with moot.read() as uow:
        again = leased_task(uow, annotator_id=ann.id, lease_id=leased.lease_id)
        held = held_leases(uow, project_id=project.id, annotator_id=ann.id)
    assert again == leased
    assert held == [leased]


def test_tasks_come_by_priority_and_then_in_the_order_of_the_file(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(
        project, "a", "b", TaskRow("urgent", {}, priority=2), TaskRow("late", {}, priority=-1)
    )
    given = []
    for _ in range(4):
        leased = moot.lease(project, ann)
        given.append((leased.external_id, leased.reason))
        moot.label(ann, leased.lease_id)

    assert given == [
        ("urgent", LeaseReason.PRIORITY),
        ("a", LeaseReason.ORDER),
        ("b", LeaseReason.ORDER),
        ("late", LeaseReason.ORDER),
    ]
    assert moot.lease(project, ann) is None


def test_an_annotator_never_gets_the_same_task_twice(moot):
    project, ann = moot.project(floor=3, ceiling=3), moot.person()
    moot.tasks(project, "a")
    moot.answer(project, ann)

    assert moot.lease(project, ann) is None
    assert moot.lease(project, moot.person()).external_id == "a"


def test_an_annotator_holds_one_place_of_a_task_at_a_time(moot):
    project, ann = moot.project(floor=3, ceiling=3), moot.person()
    moot.tasks(project, "a", "b")

    assert [moot.lease(project, ann).external_id for _ in range(2)] == ["a", "b"]
    assert moot.lease(project, ann) is None


def test_a_fourth_task_is_refused_while_three_are_held(moot):
    project, other, ann = moot.project(), moot.project(), moot.person()
    moot.tasks(project, "a", "b", "c", "d")
    moot.tasks(other, "a")
    first, _, _ = (moot.lease(project, ann) for _ in range(3))

    with pytest.raises(Conflict, match="3 tasks"):
        moot.lease(project, ann)
    assert moot.lease(other, ann) is not None
    moot.label(ann, first.lease_id)
    assert moot.lease(project, ann).external_id == "d"


def test_a_lease_that_ran_out_goes_to_the_next_annotator_without_any_sweep(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    moot.lease(project, ann)

    assert moot.lease(project, bob) is None
    with later(LEASE_TIME):
        assert moot.lease(project, bob).external_id == "a"
        assert moot.lease(project, ann) is None


def test_an_annotator_may_get_back_what_they_let_run_out(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, "a")
    first = moot.lease(project, ann)

    with later(LEASE_TIME):
        second = moot.lease(project, ann)
    assert second.task_id == first.task_id
    assert second.lease_id != first.lease_id


def test_renewal_keeps_a_place_and_fails_once_it_is_someone_elses(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with later(LEASE_TIME * 0.9), moot.work() as uow:
        until = renew_leases(uow, annotator_id=ann.id, lease_ids=[leased.lease_id, new_id()])
    assert until == {leased.lease_id: until[leased.lease_id]}
    assert until[leased.lease_id] > leased.expires_at
    with later(LEASE_TIME * 1.5):
        assert moot.lease(project, bob) is None
    with later(LEASE_TIME * 2):
        assert moot.lease(project, bob) is not None
        with moot.work() as uow:
            assert renew_leases(uow, annotator_id=ann.id, lease_ids=[leased.lease_id]) == {}


def test_nobody_renews_a_lease_of_another(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with moot.work() as uow:
        assert renew_leases(uow, annotator_id=bob.id, lease_ids=[leased.lease_id]) == {}


def test_a_skipped_task_goes_to_others_and_not_back(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    for _ in range(2):  # a skip that is sent twice is one skip
        with moot.work() as uow:
            skip_lease(
                uow,
                annotator_id=ann.id,
                lease_id=leased.lease_id,
                reason=SkipReason.NOT_GOOD_FOR_ME,
            )

    assert moot.lease(project, ann) is None
    assert moot.lease(project, bob).external_id == "a"
    with moot.read() as uow:
        lease = uow.session.get(Lease, leased.lease_id)
        record = uow.session.get(AnnotatorRecord, (project.id, ann.id))
    assert (lease.state, lease.skip_reason) == (LeaseState.SKIPPED, SkipReason.NOT_GOOD_FOR_ME)
    assert (record.n_labels, record.gold_seen) == (0, 0)


def test_a_released_task_may_come_back(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    with moot.work() as uow:
        release_lease(uow, annotator_id=ann.id, lease_id=leased.lease_id)

    assert moot.lease(project, ann).task_id == leased.task_id


def test_giving_back_touches_neither_a_strangers_lease_nor_an_answered_one(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with pytest.raises(NotFound), moot.work() as uow:
        release_lease(uow, annotator_id=bob.id, lease_id=leased.lease_id)
    moot.label(ann, leased.lease_id)
    with pytest.raises(Conflict, match="already answered"), moot.work() as uow:
        release_lease(uow, annotator_id=ann.id, lease_id=leased.lease_id)


def test_giving_back_late_does_not_take_the_place_from_its_new_holder(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    late = moot.lease(project, ann)
    with later(LEASE_TIME):
        moot.lease(project, bob)
        with moot.work() as uow:
            release_lease(uow, annotator_id=ann.id, lease_id=late.lease_id)
        assert moot.lease(project, moot.person()) is None


@pytest.mark.parametrize("state", [ProjectState.PAUSED, ProjectState.CLOSED])
def test_a_project_that_is_not_open_hands_out_nothing(moot, state):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=state)

    with pytest.raises(Conflict, match=state.value):
        moot.lease(project, ann)


def test_an_unknown_project_is_not_found(moot):
    with pytest.raises(NotFound), moot.work() as uow:
        next_lease(uow, project_id=new_id(), annotator_id=moot.person().id)


def share_of_gold(moot, project, share: float) -> None:
    with moot.work() as uow:
        uow.session.exec(
            sa.update(Project).where(col(Project.id) == project.id).values(gold_share=share)
        )


def test_every_annotator_gets_each_gold_task_once_and_among_the_others(moot):
    project = moot.project(floor=1, ceiling=1)
    moot.tasks(project, TaskRow("g1", {}, gold="yes"), TaskRow("g2", {}, gold="no"), "a", "b")
    share_of_gold(moot, project, 1.0)
    seen = {}
    for ann in (moot.person(), moot.person()):
        seen[ann.id] = [moot.lease(project, ann) for _ in range(3)]

    for given in seen.values():
        assert {leased.external_id for leased in given[:2]} == {"g1", "g2"}
        assert [leased.reason for leased in given] == [
            LeaseReason.GOLD,
            LeaseReason.GOLD,
            LeaseReason.ORDER,
        ]


def test_a_gold_task_that_ran_out_is_given_to_nobody_as_an_ordinary_one(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, TaskRow("g1", {}, gold="yes"), "a")
    share_of_gold(moot, project, 1.0)
    moot.lease(project, ann)
    share_of_gold(moot, project, 0.0)

    with later(LEASE_TIME):
        assert moot.lease(project, bob).external_id == "a"
        assert moot.lease(project, bob) is None


def given_back(moot, annotator, leased):
    with moot.work() as uow:
        release_lease(uow, annotator_id=annotator.id, lease_id=leased.lease_id)


def test_gold_comes_back_to_whoever_gave_it_back_as_an_ordinary_task_would(moot):
    project, ann = moot.project(), moot.person()
    urgent = TaskRow("urgent", {}, priority=1)
    moot.tasks(project, TaskRow("g1", {}, gold="yes"), "a", "b")
    ordinary = moot.lease(project, ann)
    share_of_gold(moot, project, 1.0)
    gold = moot.lease(project, ann)
    with clock.moved_to(clock.now() + timedelta(seconds=1)):
        given_back(moot, ann, ordinary)
    with clock.moved_to(clock.now() + timedelta(seconds=2)):
        given_back(moot, ann, gold)
    moot.tasks(project, urgent)

    with clock.moved_to(clock.now() + timedelta(seconds=3)):
        given = [moot.lease(project, ann) for _ in range(3)]
    assert [leased.external_id for leased in given] == ["urgent", "a", "g1"]
    assert given[2].reason is LeaseReason.GOLD
    with later(LEASE_TIME * 2):  # and once more, in the order in which they ran out
        names = {moot.lease(project, ann).external_id for _ in range(3)}
        assert names == {"urgent", "a", "g1"}


def test_gold_that_was_skipped_stays_skipped(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, TaskRow("g1", {}, gold="yes"), "a")
    share_of_gold(moot, project, 1.0)
    gold = moot.lease(project, ann)
    with moot.work() as uow:
        skip_lease(uow, annotator_id=ann.id, lease_id=gold.lease_id, reason=SkipReason.UNCLEAR)

    assert moot.lease(project, ann).external_id == "a"
    assert moot.lease(project, ann) is None


def test_gold_shows_its_suggestion_as_any_other_task(moot):
    project, ann = moot.project(suggestion_share=1.0), moot.person()
    moot.tasks(project, TaskRow("g1", {}, gold="yes", suggestion="no"), "a")
    share_of_gold(moot, project, 1.0)
    leased = moot.lease(project, ann)

    assert (leased.external_id, leased.suggestion) == ("g1", "no")
    given_back(moot, ann, leased)
    assert moot.lease(project, ann).suggestion == "no"


def test_no_new_gold_is_given_where_nothing_else_waits_for_the_annotator(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, TaskRow("g1", {}, gold="yes"), TaskRow("g2", {}, gold="yes"), "a")
    moot.answer(project, ann)
    share_of_gold(moot, project, 1.0)
    assert moot.lease(project, ann) is None

    moot.tasks(project, "b")
    assert moot.lease(project, ann).reason is LeaseReason.GOLD


def test_what_ran_out_is_renewed_only_while_fewer_than_three_are_held(moot):
    project, ann = moot.project(opened=False, training_questions=6), moot.person()
    lessons = [TaskRow(f"l{n}", {}, gold="yes", is_training=True) for n in range(6)]
    moot.tasks(project, *lessons)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.OPEN)
    ran_out = [moot.lease(project, ann).lease_id for _ in range(3)]

    with later(LEASE_TIME):
        fresh = [moot.lease(project, ann).lease_id for _ in range(2)]
        with moot.work() as uow:
            renewed = renew_leases(uow, annotator_id=ann.id, lease_ids=ran_out + fresh)
        assert set(renewed) == {ran_out[0], *fresh}
        assert len(held(moot, project, ann)) == 3


def test_the_share_of_gold_is_about_what_the_project_asks_for(moot):
    project, ann = moot.project(gold_share=0.5, pay_minor=0), moot.person()
    moot.tasks(project, *[TaskRow(f"g{n}", {}, gold="yes") for n in range(40)])
    moot.tasks(project, *[f"t{n}" for n in range(40)])
    reasons = [moot.answer(project, ann).reason for _ in range(40)]

    # Outside these limits in one of 10,000 runs of a fair coin.
    assert 8 <= reasons.count(LeaseReason.GOLD) <= 32


def test_the_search_goes_on_where_it_ended_and_still_finds_what_is_urgent(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, *"abcdef")
    given = [moot.answer(project, ann).label.task_id for _ in range(5)]
    with moot.read() as uow:
        cursors = uow.session.get(AnnotatorRecord, (project.id, ann.id)).cursors
    assert len(set(given)) == 5
    assert cursors == {"0": 3}  # everything up to position 3 was looked at, and 4 was taken

    moot.tasks(project, TaskRow("urgent", {}, priority=1))
    assert moot.lease(project, ann).external_id == "urgent"
    assert moot.lease(project, ann).external_id == "f"
    for leased in held(moot, project, ann):
        moot.label(ann, leased.lease_id)
    assert moot.lease(project, ann) is None


def test_what_came_back_goes_first_to_whoever_may_have_it_and_its_task_stays_together(moot):
    project = moot.project(floor=3, ceiling=3)
    ann, bob = moot.person(), moot.person()
    moot.tasks(project, *"abc")
    moot.answer(project, ann)
    given = moot.lease(project, bob)
    assert given.external_id == "a"
    moot.answer(project, ann)
    with moot.work() as uow:
        release_lease(uow, annotator_id=bob.id, lease_id=given.lease_id)

    # The other waiting place of "a" came along: nobody's search has passed either of them.
    assert ranks(moot, project)["a"] == {places.rank_returned(priority=0, turn=0)}
    assert moot.lease(project, moot.person()).external_id == "a"
    assert moot.lease(project, ann).external_id == "c"
    assert [moot.lease(project, bob).external_id for _ in range(2)] == ["a", "b"]


def ranks(moot, project) -> dict[str, set[int]]:
    with moot.read() as uow:
        rows = uow.session.exec(
            select(Task.external_id, Place.rank)
            .join(Place, col(Place.task_id) == Task.id)
            .where(Place.project_id == project.id, col(Place.rank).is_not(None))
        )
        found: dict[str, set[int]] = {}
        for external_id, rank in rows:
            found.setdefault(external_id, set()).add(rank)
        return found


def test_a_search_looks_at_a_bounded_number_of_places_and_goes_on_at_the_next_request(
    moot, monkeypatch
):
    monkeypatch.setattr(searching, "_FIRST_WINDOW", 1)
    monkeypatch.setattr(searching, "_WINDOW", 2)
    monkeypatch.setattr(searching, "_MOST_WINDOWS", 2)
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, *"abcdefgh")
    for _ in range(8):
        moot.answer(project, ann)
    moot.tasks(project, "last")
    moved = dict.fromkeys(task_ids(moot, project), 1)
    with moot.work() as uow:
        return_places(uow.session.connection(), project_id=project.id, priorities=moved)

    # Eight moved tasks that she has done come before it; each request passes two to five.
    given = [moot.lease(project, ann) for _ in range(4)]
    assert given[0] is None
    assert "last" in {leased.external_id for leased in given if leased}


def task_ids(moot, project):
    with moot.read() as uow:
        ids = select(Task.id).where(Task.project_id == project.id).order_by(col(Task.position))
        return uow.session.exec(ids).all()


def test_what_a_search_could_miss_is_found_anew_at_most_a_minute_later(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, *"ab")
    for _ in range(2):
        moot.answer(project, ann)
    assert moot.lease(project, ann) is None  # and the queue was looked through once
    forget = sa.delete(Lease).where(col(Lease.annotator_id) == ann.id)
    with moot.work() as uow:  # her first task was never hers, but her search has passed it
        connection = uow.session.connection()
        connection.execute(sa.update(Place).values(label_id=None, annotator_id=None, lease_id=None))
        for table in (Earning, Label):
            connection.execute(sa.delete(table))
        connection.execute(forget)

    assert moot.lease(project, ann) is None
    with later(timedelta(seconds=61)):
        assert moot.lease(project, ann).external_id == "a"


def test_many_lanes_are_passed_in_one_step_once_they_are_done(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, *[TaskRow(f"t{n}", {}, priority=n) for n in range(30, -30, -1)])
    given = [moot.answer(project, ann).label for _ in range(60)]

    assert len({label.task_id for label in given}) == 60
    with moot.read() as uow:
        cursors = uow.session.get(AnnotatorRecord, (project.id, ann.id)).cursors
    assert len(cursors) <= 60
    assert moot.lease(project, ann) is None


def test_everything_that_ran_out_is_returned_until_there_is_a_task_to_give(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, *[f"t{n}" for n in range(45)])
    for _ in range(45):
        moot.answer(project, ann)
    people = [moot.person() for _ in range(15)]
    for person in people:
        for _ in range(3):
            moot.lease(project, person)
    moot.tasks(project, "new")
    assert [moot.lease(project, moot.person()).external_id for _ in range(2)] == ["new", "new"]

    with later(LEASE_TIME):
        assert moot.lease(project, ann).external_id == "new"


def held(moot, project, annotator):
    with moot.read() as uow:
        return held_leases(uow, project_id=project.id, annotator_id=annotator.id)
