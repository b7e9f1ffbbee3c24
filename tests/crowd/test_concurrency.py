"""Many annotators at once, on both databases: nothing is handed out twice, no answer is lost."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from sqlmodel import select

from crowd.importing import TaskRow
from crowd.leasing import held_leases, next_lease
from crowd.models import (
    ContentFlag,
    Earning,
    Fate,
    Label,
    Lease,
    Place,
    Project,
    Task,
    TaskState,
)
from crowd.preferences import set_preferences
from folkmoot.kernel.errors import AlreadyAnswered, Conflict, NotNow

Result = TypeVar("Result")


def at_once(*acts: Callable[[], Result]) -> Sequence[Result]:
    """Run all acts in threads that start together."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Result]) -> Result:
        barrier.wait(timeout=30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def rows(moot, table):
    with moot.read() as uow:
        return uow.session.exec(select(table)).all()


def test_one_place_and_many_annotators_make_one_lease(moot):
    for _ in range(3):
        project = moot.project()
        moot.tasks(project, "a")
        people = [moot.person() for _ in range(8)]
        given = at_once(*[partial(moot.lease, project, person) for person in people])

        assert len([leased for leased in given if leased is not None]) == 1


def test_an_annotator_with_many_windows_gets_three_different_tasks_and_no_fourth(moot):
    project, ann = moot.project(floor=3, ceiling=3), moot.person()
    moot.tasks(project, *"abcdef")

    def lease() -> str | None:
        try:
            return moot.lease(project, ann).external_id
        except Conflict:
            return None

    given = at_once(*[lease] * 8)
    assert sorted(name for name in given if name) == ["a", "b", "c"]


def test_two_last_answers_that_commit_together_leave_no_task_stuck(moot):
    for _ in range(5):
        project = moot.project(floor=2, ceiling=2)
        moot.tasks(project, "a")
        ann, bob = moot.person(), moot.person()
        first, second = moot.lease(project, ann), moot.lease(project, bob)
        done = at_once(
            partial(moot.label, ann, first.lease_id), partial(moot.label, bob, second.lease_id)
        )

        assert sorted(result.task_state for result in done) == [
            TaskState.COMPLETE,
            TaskState.OPEN,
        ]
        assert moot.read_task(project, "a").n_labels == 2
        assert moot.read_task(project, "a").state is TaskState.COMPLETE


def test_the_same_answer_sent_many_times_at_once_is_one_label(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    done = at_once(*[lambda: moot.label(ann, leased.lease_id)] * 6)

    assert len({result.label.id for result in done}) == 1
    assert len(rows(moot, Earning)) == 1


def test_two_different_answers_at_once_are_one_label_and_one_conflict(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    def send(answer: str) -> str:
        try:
            return moot.label(ann, leased.lease_id, answer).label.answer
        except AlreadyAnswered:
            return "conflict"

    results = at_once(lambda: send("yes"), lambda: send("no"))
    assert "conflict" in results
    assert [label.answer for label in rows(moot, Label)] == [
        answer for answer in results if answer != "conflict"
    ]


@pytest.mark.parametrize("gold_share", [0.0, 0.3])
def test_a_crowd_at_work_answers_every_task_exactly_to_its_places(moot, gold_share):
    project = moot.project(floor=2, ceiling=4, confidence=0.8, gold_share=gold_share)
    moot.tasks(project, *[f"t{n}" for n in range(15)], TaskRow("g", {}, gold="yes"))

    def work(person) -> int:
        n_labels = 0
        while (leased := moot.lease(project, person)) is not None:
            answer = "yes" if (n_labels + person.id.int) % 3 else "no"
            moot.label(person, leased.lease_id, answer)
            n_labels += 1
        return n_labels

    people = [moot.person() for _ in range(6)]
    acknowledged = sum(at_once(*[partial(work, person) for person in people]))
    # Whoever went home early comes back for the opinions that were asked for later.
    while more := sum(work(person) for person in people):
        acknowledged += more

    labels, leases = rows(moot, Label), rows(moot, Lease)
    assert acknowledged == len(labels) == len(leases) == len(rows(moot, Earning))
    assert {label.fate for label in labels} == {Fate.ACCEPTED}
    taken = Counter((lease.task_id, lease.place_number) for lease in leases)
    assert set(taken.values()) == {1}
    per_person = Counter((label.task_id, label.annotator_id) for label in labels)
    assert set(per_person.values()) == {1}
    ordinary = [task for task in rows(moot, Task) if task.gold_answer is None]
    assert {task.state for task in ordinary} == {TaskState.COMPLETE}
    assert all(2 <= task.n_labels <= 4 for task in ordinary)
    assert None not in {place.label_id for place in rows(moot, Place)}


def test_a_place_that_was_passed_while_another_was_taking_it_is_found_again(moot):
    if moot.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: nobody can pass another")
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, *"abc")

    with pytest.raises(ZeroDivisionError), moot.work() as uow:  # noqa: PT012  # all in one
        taken = next_lease(uow, project_id=project.id, annotator_id=bob.id)
        assert taken is not None
        assert taken.external_id == "a"
        assert moot.lease(project, ann).external_id == "b"
        raise ZeroDivisionError  # and so his transaction is rolled back

    assert [moot.lease(project, ann).external_id for _ in range(2)] == ["a", "c"]


def sensitive_project(moot):
    project = moot.project()
    moot.tasks(project, *"abcdef")
    with moot.work() as uow:
        stored = uow.session.get(Project, project.id)
        stored.content_flags, stored.sensitive_per_day = ["hate"], 1
        uow.session.add(stored)
    return project


def opt(moot, annotator, *flags: ContentFlag) -> None:
    with moot.work() as uow:
        set_preferences(uow, annotator, accepted_flags=flags)


def lease_or_none(moot, project, annotator):
    try:
        return moot.lease(project, annotator)
    except NotNow:
        return None


def test_the_limit_of_a_day_holds_in_two_projects_at_once(moot):
    projects = [sensitive_project(moot) for _ in range(2)]
    for _ in range(5):
        ann = moot.person()
        opt(moot, ann, ContentFlag.HATE)
        given = at_once(*[partial(lease_or_none, moot, project, ann) for project in projects])

        assert len([leased for leased in given if leased is not None]) == 1


def test_nobody_keeps_a_task_that_they_opt_out_of_at_that_moment(moot):
    project = sensitive_project(moot)
    for _ in range(5):
        ann = moot.person()
        opt(moot, ann, ContentFlag.HATE)
        at_once(partial(lease_or_none, moot, project, ann), partial(opt, moot, ann))

        with moot.read() as uow:
            assert held_leases(uow, project_id=project.id, annotator_id=ann.id) == []
