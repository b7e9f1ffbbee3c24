from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from crowd import places
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
    Lease,
    LeaseReason,
    LeaseState,
    Place,
    Project,
    ProjectState,
    SkipReason,
)
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
    moot.tasks(project, TaskRow("g1", {}, gold="yes"))
    share_of_gold(moot, project, 1.0)
    moot.lease(project, ann)
    share_of_gold(moot, project, 0.0)

    with later(LEASE_TIME):
        assert moot.lease(project, bob) is None


def test_the_share_of_gold_is_about_what_the_project_asks_for(moot):
    project, ann = moot.project(gold_share=0.5, pay_minor=0), moot.person()
    moot.tasks(project, *[TaskRow(f"g{n}", {}, gold="yes") for n in range(40)])
    moot.tasks(project, *[f"t{n}" for n in range(40)])
    reasons = [moot.answer(project, ann).reason for _ in range(40)]

    # Outside these limits in one of 10,000 runs of a fair coin.
    assert 8 <= reasons.count(LeaseReason.GOLD) <= 32


def test_the_search_goes_on_where_it_ended_and_still_finds_what_is_urgent(moot, monkeypatch):
    monkeypatch.setattr(places, "_HEAD", 2)
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, *"abcdef")
    given = [moot.lease(project, ann) for _ in range(1)]
    for _ in range(4):
        moot.label(ann, given[-1].lease_id)
        given.append(moot.lease(project, ann))
    assert "".join(leased.external_id for leased in given) == "abcde"
    with moot.read() as uow:
        record = uow.session.get(AnnotatorRecord, (project.id, ann.id))
        ranks = uow.session.exec(
            select(Place.rank).where(Place.project_id == project.id).order_by(col(Place.rank))
        ).all()
    assert record.cursors["0"] == sorted(set(ranks))[4]

    moot.tasks(project, TaskRow("urgent", {}, priority=1))
    assert moot.lease(project, ann).external_id == "urgent"
    assert moot.lease(project, ann).external_id == "f"
    for leased in held(moot, project, ann):
        moot.label(ann, leased.lease_id)
    assert moot.lease(project, ann) is None


def test_the_search_starts_again_at_the_beginning_when_it_comes_to_the_end(moot, monkeypatch):
    monkeypatch.setattr(places, "_HEAD", 0)
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, *"abc")
    given = moot.lease(project, bob)
    for _ in range(2):
        moot.answer(project, ann)
    with moot.work() as uow:
        release_lease(uow, annotator_id=bob.id, lease_id=given.lease_id)

    assert moot.lease(project, ann).external_id == "a"


def held(moot, project, annotator):
    with moot.read() as uow:
        return held_leases(uow, project_id=project.id, annotator_id=annotator.id)
