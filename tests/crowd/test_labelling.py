from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from audit.models import Entry
from crowd.importing import TaskRow
from crowd.labelling import revise_label, submit_label
from crowd.leasing import next_lease, skip_lease
from crowd.models import (
    AnnotatorRecord,
    Earning,
    Fate,
    Label,
    LeaseReason,
    Place,
    Project,
    ProjectState,
    SkipReason,
    Task,
    TaskState,
)
from crowd.projects import change_state
from folkmoot.kernel import clock
from folkmoot.kernel.errors import AlreadyAnswered, Conflict, Gone, InvalidInput, NotFound
from folkmoot.kernel.ids import new_id

LEASE_TIME = timedelta(seconds=600)


def later(by: timedelta):
    return clock.moved_to(clock.now() + by)


def rows(moot, table):
    with moot.read() as uow:
        return uow.session.exec(select(table)).all()


def test_an_answer_is_kept_paid_and_counted(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, "a")
    done = moot.answer(project, ann, "no")

    assert (done.label.answer, done.label.fate) == ("no", Fate.ACCEPTED)
    assert (done.earning.amount_minor, done.earning.currency) == (5, "EUR")
    assert (done.task_state, done.was_right) == (TaskState.OPEN, None)
    assert [label.model_dump() for label in rows(moot, Label)] == [done.label._asdict()]
    assert [earning.model_dump() for earning in rows(moot, Earning)] == [done.earning._asdict()]
    [task] = rows(moot, Task)
    assert (task.n_labels, task.answer) == (1, "no")
    assert task.confidence == pytest.approx(2 / 3)  # what is expected of a newcomer
    [record] = rows(moot, AnnotatorRecord)
    assert (record.n_labels, record.active_seconds) == (1, 4.0)


def test_the_same_answer_sent_twice_is_one_label_and_one_payment(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    first = moot.label(ann, leased.lease_id)
    second = moot.label(ann, leased.lease_id)

    assert second == first
    assert (len(rows(moot, Label)), len(rows(moot, Earning))) == (1, 1)
    assert rows(moot, AnnotatorRecord)[0].n_labels == 1


def test_another_answer_to_the_same_lease_conflicts(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    moot.label(ann, leased.lease_id, "yes")

    with pytest.raises(AlreadyAnswered):
        moot.label(ann, leased.lease_id, "no")
    assert [label.answer for label in rows(moot, Label)] == ["yes"]


@pytest.mark.parametrize("answer", ["maybe", None, ["yes"], {"value": "yes"}, 1])
def test_an_answer_outside_the_schema_is_refused_and_nothing_is_stored(moot, answer):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with pytest.raises(InvalidInput, match="yes, no"):
        moot.label(ann, leased.lease_id, answer)
    assert (rows(moot, Label), rows(moot, Earning)) == ([], [])


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 90_000.0])
def test_an_impossible_time_is_refused(moot, seconds):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with pytest.raises(InvalidInput, match="active time"), moot.work() as uow:
        submit_label(
            uow,
            annotator_id=ann.id,
            lease_id=leased.lease_id,
            answer="yes",
            active_seconds=seconds,
        )


def test_a_strangers_lease_looks_like_none_at_all(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with pytest.raises(NotFound):
        moot.label(bob, leased.lease_id)


def test_a_skipped_task_takes_no_answer(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    with moot.work() as uow:
        skip_lease(uow, annotator_id=ann.id, lease_id=leased.lease_id, reason=SkipReason.UNCLEAR)

    with pytest.raises(Conflict, match="skipped"):
        moot.label(ann, leased.lease_id)


@pytest.mark.parametrize("state", [ProjectState.PAUSED, ProjectState.CLOSED])
def test_an_answer_to_a_task_given_before_the_pause_is_kept(moot, state):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=state)

    assert moot.label(ann, leased.lease_id).label.fate is Fate.ACCEPTED


def test_a_late_answer_takes_its_place_if_nobody_has_it(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)

    with later(LEASE_TIME * 3):
        done = moot.label(ann, leased.lease_id)
    assert (done.label.fate, done.task_state) == (Fate.ACCEPTED, TaskState.COMPLETE)


def test_a_late_answer_takes_another_free_place_of_the_task(moot):
    project, ann, bob = moot.project(floor=2, ceiling=2), moot.person(), moot.person()
    moot.tasks(project, "a")
    late = moot.lease(project, ann)

    with later(LEASE_TIME):
        moot.lease(project, bob)
        done = moot.label(ann, late.lease_id)
    assert (done.label.fate, done.label.place_number) == (Fate.ACCEPTED, 2)


def test_an_answer_that_comes_too_late_is_kept_as_surplus_and_paid(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    late = moot.lease(project, ann)
    with later(LEASE_TIME):
        leased = moot.lease(project, bob)
        surplus = moot.label(ann, late.lease_id)
        done = moot.label(bob, leased.lease_id)

    assert (surplus.label.fate, surplus.label.place_number) == (Fate.SURPLUS, None)
    assert surplus.earning.amount_minor == 5
    assert surplus.task_state is TaskState.OPEN
    assert (done.label.fate, done.task_state) == (Fate.ACCEPTED, TaskState.COMPLETE)
    assert rows(moot, Task)[0].n_labels == 2


def test_a_late_answer_uses_the_annotators_own_later_place_and_not_a_second_one(moot):
    project, ann = moot.project(floor=2, ceiling=2), moot.person()
    moot.tasks(project, "a")
    first = moot.lease(project, ann)
    with later(LEASE_TIME):
        second = moot.lease(project, ann)
        done = moot.label(ann, first.lease_id, "yes")

        assert done.label.fate is Fate.ACCEPTED
        with pytest.raises(AlreadyAnswered):
            moot.label(ann, second.lease_id, "no")
    assert [place.label_id for place in rows(moot, Place)].count(None) == 1


def test_the_database_itself_refuses_a_second_current_label_in_a_place(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    kept = moot.answer(project, ann).label

    for changes in ({"annotator_id": ann.id, "place_number": None}, {"annotator_id": bob.id}):
        twin = Label(**kept._replace(id=new_id())._asdict() | changes)
        with pytest.raises(sa.exc.IntegrityError), moot.work() as uow:
            uow.session.add(twin)


def test_places_open_while_confidence_is_wanted_and_the_ceiling_is_not_reached(moot):
    project = moot.project(floor=2, ceiling=4, confidence=0.99)
    moot.tasks(project, "a")
    states = [
        moot.answer(project, moot.person(), answer).task_state
        for answer in ("yes", "no", "yes", "no")
    ]

    assert states == [TaskState.OPEN] * 3 + [TaskState.COMPLETE]
    assert len(rows(moot, Place)) == 4
    assert moot.lease(project, moot.person()) is None


def test_a_task_stops_asking_once_its_answer_is_confident(moot):
    project = moot.project(floor=2, ceiling=7, confidence=0.7)
    moot.tasks(project, "a")
    moot.answer(project, moot.person(), "yes")
    done = moot.answer(project, moot.person(), "yes")

    [task] = rows(moot, Task)
    assert (done.task_state, task.state, task.answer) == (
        TaskState.COMPLETE,
        TaskState.COMPLETE,
        "yes",
    )
    assert task.confidence > 0.7


def test_an_extra_opinion_says_so(moot):
    project = moot.project(floor=1, ceiling=2, confidence=0.99)
    moot.tasks(project, "a")

    assert moot.answer(project, moot.person()).reason is LeaseReason.ORDER
    assert moot.answer(project, moot.person()).reason is LeaseReason.EXTRA_OPINION


def test_gold_measures_the_annotator_and_makes_a_careful_one_weigh_more(moot):
    project, ann, bob = moot.project(floor=3, ceiling=3), moot.person(), moot.person()
    moot.tasks(project, *[TaskRow(f"g{n}", {}, gold="yes") for n in range(4)], "a")
    set_gold_share(moot, project, 1.0)
    right = [moot.answer(project, ann, "yes") for _ in range(4)]
    wrong = [moot.answer(project, bob, "no") for _ in range(4)]
    assert {done.was_right for done in right} == {True}
    assert {done.was_right for done in wrong} == {False}
    assert {done.reason for done in right + wrong} == {LeaseReason.GOLD}
    assert {done.task_state for done in right + wrong} == {TaskState.COMPLETE}
    with moot.read() as uow:
        record = uow.session.get(AnnotatorRecord, (project.id, ann.id))
    assert (record.gold_seen, record.gold_right, record.n_labels) == (4, 4, 4)

    set_gold_share(moot, project, 0.0)
    moot.answer(project, ann, "no")
    moot.answer(project, bob, "yes")
    with moot.read() as uow:
        task = uow.session.exec(select(Task).where(Task.external_id == "a")).one()
    assert task.answer == "no"


def test_a_gold_task_takes_any_number_of_answers(moot):
    project = moot.project(floor=1, ceiling=1)
    moot.tasks(project, TaskRow("g", {}, gold="yes"), "a")
    set_gold_share(moot, project, 1.0)
    fates = [moot.answer(project, moot.person()).label.fate for _ in range(3)]

    assert fates == [Fate.ACCEPTED] * 3


def test_the_answer_and_the_next_lease_fit_in_one_transaction(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a", "b")
    leased = moot.lease(project, ann)
    with moot.work() as uow:
        submit_label(
            uow,
            annotator_id=ann.id,
            lease_id=leased.lease_id,
            answer="yes",
            active_seconds=1.0,
        )
        following = next_lease(uow, project_id=project.id, annotator_id=ann.id)

    assert following.external_id == "b"


def revise(moot, actor, label_id, answer):
    with moot.work() as uow:
        return revise_label(uow, actor, label_id=label_id, answer=answer)


def test_a_revision_takes_the_place_of_the_answer_and_both_stay(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, "a")
    leased = moot.lease(project, ann)
    before = moot.label(ann, leased.lease_id, "yes").label
    after = revise(moot, ann, before.id, "no")

    labels = {label.id: label for label in rows(moot, Label)}
    assert (labels[before.id].is_current, labels[after.id].is_current) == (False, True)
    assert after.supersedes_id == before.id
    assert rows(moot, Place)[0].label_id == after.id
    assert rows(moot, Task)[0].answer == "no"
    assert len(rows(moot, Earning)) == 1
    assert [entry.subject_id for entry in rows(moot, Entry) if entry.action == "label.revised"] == [
        after.id
    ]
    # The first request, sent again by a client that missed its answer, still finds its label.
    assert moot.label(ann, leased.lease_id, "yes").label.id == before.id


def test_a_revision_may_make_a_finished_task_ask_again(moot):
    project = moot.project(floor=2, ceiling=3, confidence=0.7)
    ann, bob = moot.person(), moot.person()
    moot.tasks(project, "a")
    label = moot.answer(project, ann, "yes").label
    assert moot.answer(project, bob, "yes").task_state is TaskState.COMPLETE
    revise(moot, ann, label.id, "no")

    assert rows(moot, Task)[0].state is TaskState.OPEN
    assert moot.lease(project, moot.person()) is not None


def test_a_revision_is_refused_for_strangers_late_or_out_of_turn(moot):
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, "a")
    label = moot.answer(project, ann, "yes").label

    with pytest.raises(NotFound):
        revise(moot, bob, label.id, "no")
    with pytest.raises(InvalidInput):
        revise(moot, ann, label.id, "maybe")
    with later(timedelta(minutes=16)), pytest.raises(Gone, match="15 minutes"):
        revise(moot, ann, label.id, "no")
    assert revise(moot, ann, label.id, "yes").id == label.id
    revise(moot, ann, label.id, "no")
    with pytest.raises(Conflict, match="already changed"):
        revise(moot, ann, label.id, "yes")


def test_the_time_to_revise_runs_from_the_first_answer_and_not_from_the_last_change(moot):
    project, ann, bob = moot.project(ceiling=2), moot.person(), moot.person()
    moot.tasks(project, "a", "b")
    with later(timedelta(hours=-1)):
        moot.answer(project, bob, "yes")  # an older answer of somebody else counts for nobody
    first = moot.answer(project, ann, "yes").label
    with later(timedelta(minutes=10)):
        second = revise(moot, ann, first.id, "no")
    with later(timedelta(minutes=14)):
        third = revise(moot, ann, second.id, "yes")
    with later(timedelta(minutes=16)), pytest.raises(Gone, match="15 minutes"):
        revise(moot, ann, third.id, "no")


def test_revising_gold_does_not_make_an_annotator_look_better(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, TaskRow("g", {}, gold="yes"), "a")
    set_gold_share(moot, project, 1.0)
    label = moot.answer(project, ann, "no").label
    revise(moot, ann, label.id, "yes")

    assert rows(moot, AnnotatorRecord)[0].gold_right == 0


def set_gold_share(moot, project, share: float) -> None:
    with moot.work() as uow:
        uow.session.exec(
            sa.update(Project).where(col(Project.id) == project.id).values(gold_share=share)
        )
