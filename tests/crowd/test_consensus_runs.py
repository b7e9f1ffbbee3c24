from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from audit.models import Entry
from crowd.consensus_runs import (
    cancel_run,
    latest_run,
    load_consensus_problem,
    methods_for,
    reliabilities_of,
    request_consensus,
    run_by_id,
    runs_of,
    solve,
    store_consensus,
)
from crowd.consensus_watch import FitWatch
from crowd.expert_labels import add_expert_label
from crowd.importing import TaskRow
from crowd.models import AnnotatorRecord, Project, TaskType
from folkmoot.jobs.failing import fail_job
from folkmoot.kernel.errors import Conflict, InvalidInput
from folkmoot.kernel.outbox import Job, WorkState
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork


def ask(moot, project, method="dawid_skene"):
    with moot.work() as uow:
        return request_consensus(uow, moot.team, project_id=project.id, method=method)


def run(moot, project, method="dawid_skene"):
    wanted = ask(moot, project, method)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    with moot.work() as uow:
        store_consensus(uow, problem, solve(problem))
    with moot.read() as uow:
        return run_by_id(uow, run_id=wanted.id)


@pytest.fixture
def labelled(moot):
    """Three people on four tasks, the third one careless; and another project beside it."""
    noise = moot.project()
    moot.tasks(noise, "noise")
    moot.answer(noise, moot.person(), "no")
    project = moot.project(floor=3, ceiling=3)
    moot.tasks(project, "a", "b", "c", "d")
    for answers in (("yes", "no", "yes", "no"), ("yes", "no", "yes", "no"), ("no",) * 4):
        ann = moot.person()
        for answer in answers:
            moot.answer(project, ann, answer)
    return project


@pytest.mark.parametrize("method", sorted({*methods_for(TaskType.SINGLE_CHOICE)} - {"crowdlab"}))
def test_a_run_stores_an_answer_for_every_labelled_task(moot, labelled, method):
    done = run(moot, labelled, method)

    assert (done.state, done.number, done.n_tasks, done.n_labels) == (WorkState.FINISHED, 1, 4, 12)
    assert len(done.input_digest) == len(done.result_digest) == 64
    assert -1 <= done.agreement <= 1
    found = moot.consensus(done.id)
    assert {name: row.answer for name, row in found.items()} == {
        "a": "yes",
        "b": "no",
        "c": "yes",
        "d": "no",
    }
    assert all(sum(row.posterior) == pytest.approx(1) for row in found.values())
    assert all(row.confidence == max(row.posterior) for row in found.values())
    with moot.read() as uow:
        estimates = reliabilities_of(uow, run_id=done.id)
    assert estimates[0].reliability < estimates[1].reliability
    assert all(each.low <= each.reliability <= each.high for each in estimates)


def test_the_same_labels_give_the_same_result_and_others_another(moot, labelled):
    first, second = run(moot, labelled), run(moot, labelled)
    moot.tasks(labelled, "e")
    moot.answer(labelled, moot.person(), "yes")
    third = run(moot, labelled)

    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert first.input_digest == second.input_digest != third.input_digest
    assert first.result_digest == second.result_digest != third.result_digest


def test_storing_twice_changes_nothing(moot, labelled):
    wanted = ask(moot, labelled)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    solution = solve(problem)
    for _ in range(2):
        with moot.work() as uow:
            store_consensus(uow, problem, solution)

    with moot.read() as uow:
        entries = uow.session.exec(
            select(Entry).where(Entry.subject_id == wanted.id).order_by(col(Entry.id))
        ).all()
    assert [entry.action.value for entry in entries] == [
        "consensus.requested",
        "consensus.finished",
    ]


def test_gold_and_experts_are_held_as_known(moot, labelled):
    expert = moot.person()
    moot.tasks(labelled, TaskRow("g", {}, gold="yes"), "waiting")
    with moot.work() as uow:
        uow.session.exec(
            sa.update(Project).where(col(Project.id) == labelled.id).values(gold_share=1.0)
        )
    moot.answer(labelled, moot.person(), "no")
    for external_id, answer in (("a", "no"), ("new", "yes")):
        with moot.work() as uow:
            add_expert_label(
                uow,
                expert,
                project_id=labelled.id,
                external_id=external_id,
                payload={},
                answer=answer,
            )
    found = moot.consensus(run(moot, labelled).id)

    known = {name: (found[name].answer, found[name].confidence) for name in ("a", "g", "new")}
    assert known == {"a": ("no", 1.0), "g": ("yes", 1.0), "new": ("yes", 1.0)}
    assert found["new"].posterior == [1.0, 0.0]
    assert found["new"].n_labels == 1


def test_known_answers_are_part_of_what_the_digest_covers(moot, labelled):
    wanted = ask(moot, labelled)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    task = problem.labels[0][0]

    known = solve(replace(problem, known={task: "no"}))
    assert known.input_digest != solve(problem).input_digest


def test_labels_saved_count_what_early_stopping_left_unasked(moot):
    project = moot.project(floor=2, ceiling=5, confidence=0.7)
    moot.tasks(project, "a", TaskRow("g", {}, gold="yes"), "open")
    for _ in range(2):
        moot.answer(project, moot.person(), "yes")

    assert run(moot, project, "majority").labels_saved == 3


def test_a_run_needs_labels_and_a_method_that_is_known(moot):
    project = moot.project()
    with pytest.raises(Conflict, match="Nobody has labelled"):
        ask(moot, project)
    with pytest.raises(InvalidInput, match="one of: ensemble, dawid_skene, "):
        ask(moot, project, "divination")


def test_the_latest_run_is_the_last_one_that_finished(moot, labelled):
    with moot.read() as uow:
        assert latest_run(uow, project_id=labelled.id) is None
    done = run(moot, labelled)
    waiting = ask(moot, labelled)

    with moot.read() as uow:
        assert latest_run(uow, project_id=labelled.id).id == done.id
        listed = runs_of(uow, project_id=labelled.id, wanted=PageRequest()).items
        jobs = uow.session.exec(select(Job).where(Job.subject_id == waiting.id)).all()
    assert [each.id for each in listed] == [waiting.id, done.id]
    assert [job.name.value for job in jobs] == ["fit-consensus"]


def test_a_run_that_ends_after_a_later_one_is_not_believed_over_it(moot, labelled):
    earlier = ask(moot, labelled)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=earlier.id)
    moot.tasks(labelled, "e")
    moot.answer(labelled, moot.person(), "no")
    run(moot, labelled)
    believed = beliefs(moot, labelled)
    with moot.work() as uow:
        store_consensus(uow, problem, solve(problem))

    assert beliefs(moot, labelled) == believed
    with moot.read() as uow:
        assert run_by_id(uow, run_id=earlier.id).state is WorkState.FINISHED


def beliefs(moot, project):
    with moot.read() as uow:
        rows = uow.session.exec(
            select(AnnotatorRecord).where(AnnotatorRecord.project_id == project.id)
        ).all()
    return {row.annotator_id: (row.run_reliability, row.run_labels) for row in rows}


@pytest.mark.parametrize("ending", [WorkState.FINISHED, WorkState.CANCELLED])
def test_a_job_given_up_after_its_run_had_ended_leaves_the_run_alone(moot, labelled, ending):
    wanted = run(moot, labelled) if ending is WorkState.FINISHED else ask(moot, labelled)
    with moot.work() as uow:
        if ending is WorkState.CANCELLED:
            cancel_run(uow, moot.team, run_id=wanted.id)
        job = uow.session.exec(select(Job).where(Job.subject_id == wanted.id)).one()
        fail_job(uow, job, message="Given up.")

    with moot.read() as uow:
        assert run_by_id(uow, run_id=wanted.id).state is ending


def test_what_is_compared_while_a_run_is_at_work_counts_on_after_it(moot, labelled):
    wanted = ask(moot, labelled)
    before = compared(moot, labelled)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    moot.tasks(labelled, "e")
    latecomers = [moot.person() for _ in range(2)]
    for person in latecomers:
        moot.answer(labelled, person, "no")
    meanwhile = compared(moot, labelled)
    with moot.work() as uow:
        store_consensus(uow, problem, solve(problem))

    after = compared(moot, labelled)
    assert any(compared > 0 for _, compared in before.values())
    assert all(after[person] == (0, 0) for person in before)
    # Nobody whom the run did not know is touched, and no record is below zero.
    assert after[latecomers[1].id] == meanwhile[latecomers[1].id]
    run(moot, labelled)
    assert all(sums == (0, 0) for sums in compared(moot, labelled).values())


def test_only_what_a_run_has_seen_is_taken_out_of_a_record(moot, labelled):
    wanted = ask(moot, labelled)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    with moot.work() as uow:  # an answer of each that comes while the run is at work
        uow.session.exec(
            sa.update(AnnotatorRecord)
            .where(col(AnnotatorRecord.project_id) == labelled.id)
            .values(
                agreed=col(AnnotatorRecord.agreed) + 0.5,
                compared=col(AnnotatorRecord.compared) + 0.75,
            )
        )
    with moot.work() as uow:
        store_consensus(uow, problem, solve(problem))
    assert list(compared(moot, labelled).values()) == [pytest.approx((0.5, 0.75))] * 3


def compared(moot, project):
    with moot.read() as uow:
        rows = uow.session.exec(
            select(AnnotatorRecord).where(AnnotatorRecord.project_id == project.id)
        ).all()
    return {row.annotator_id: (row.agreed, row.compared) for row in rows}


@pytest.mark.parametrize("where", ["labels", "known"])
def test_an_answer_that_the_project_does_not_ask_for_is_named_in_a_sentence(moot, labelled, where):
    wanted = ask(moot, labelled)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    task, annotator, _ = problem.labels[0]
    strange = {
        "labels": {"labels": ((task, annotator, "maybe"), *problem.labels[1:])},
        "known": {"known": {task: "maybe"}},
    }
    with pytest.raises(Conflict, match=f"of task {task} is none that the project asks for"):
        solve(replace(problem, **strange[where]))


def test_a_fit_goes_on_where_the_database_cannot_hear_how_far_it_is(moot, labelled):
    wanted = ask(moot, labelled)
    failures = [OperationalError("UPDATE", {}, Exception("the server is away"))]

    @contextmanager
    def often_away() -> Iterator[UnitOfWork]:
        if failures:
            raise failures.pop()
        with moot.work() as uow:
            yield uow

    watch = FitWatch(often_away, run_id=wanted.id, stage="weighing", between=timedelta(0))
    watch(1)
    watch(2)
    with moot.read() as uow:
        assert run_by_id(uow, run_id=wanted.id).stage == "weighing, step 2"
