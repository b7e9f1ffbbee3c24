"""Every task type through the whole circle: import, labels, consensus, accuracy, data set."""

import csv
import io
import json

import pytest
from pyarrow import parquet
from sqlmodel import col, select

from crowd.accuracy import accuracy_of
from crowd.consensus_runs import (
    load_consensus_problem,
    methods_for,
    reliabilities_of,
    request_consensus,
    solve,
    store_consensus,
)
from crowd.data_set_files import DataSetRow, files_of
from crowd.expert_labels import add_expert_label
from crowd.importing import TaskRow, add_rows
from crowd.models import Consensus, Task, TaskType
from crowd.outcomes import OutcomeRow, import_outcomes
from crowd.progress import project_progress
from crowd.task_types import task_type_of
from folkmoot.kernel.errors import InvalidInput


def run(moot, project, method=None):
    with moot.work() as uow:
        wanted = request_consensus(uow, moot.team, project_id=project.id, method=method)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    solution = solve(problem)
    assert solve(problem).result_digest == solution.result_digest
    with moot.work() as uow:
        store_consensus(uow, problem, solution)
    return wanted.id, solution


@pytest.mark.parametrize("task_type", TaskType)
def test_a_project_of_every_type_goes_from_tasks_to_a_data_set(moot, task_type):
    kind = task_type_of(task_type)
    schema, payload, answer = kind.example()
    project = moot.project(task_type=task_type, answer_schema=schema, floor=2, ceiling=2)
    moot.tasks(project, TaskRow("a", payload), TaskRow("g", payload, gold=answer))
    for _ in range(2):
        told = moot.answer(project, moot.person(), answer)
    with moot.work() as uow:
        rows = [OutcomeRow(external_id="a", answer=answer)]
        import_outcomes(uow, moot.team, project_id=project.id, rows=rows, source="test")

    run_id, solution = run(moot, project)

    assert told.task_state == "complete"
    task = moot.read_task(project, "a")
    assert kind.agrees(project.answer_schema, task.answer, answer)
    assert 0.6 < task.confidence < 1
    with moot.read() as uow:
        stored = uow.session.exec(select(Consensus).where(Consensus.run_id == run_id)).one()
        assert kind.agrees(project.answer_schema, stored.answer, answer)
        assert stored.confidence > 0.6
        assert accuracy_of(uow, run_id=run_id).n_right == 1
        assert len(reliabilities_of(uow, run_id=run_id)) == 2
        assert project_progress(uow, project_id=project.id).run is not None
    assert solution.n_labels == 2
    row = DataSetRow("a", "crowd", stored.answer, 0.9, 2, tuple(stored.posterior), payload)
    files = files_of([row])
    assert json.loads(files["jsonl"])["answer"] == stored.answer
    cell = next(csv.DictReader(io.StringIO(files["csv"].decode())))["answer"]
    assert kind.answer_in_cell(cell) == stored.answer
    cell = parquet.read_table(io.BytesIO(files["parquet"])).to_pylist()[0]["answer"]
    assert kind.answer_in_cell(cell) == stored.answer


def test_an_annotator_who_differs_from_the_others_is_believed_less(moot):
    project = moot.project(
        task_type=TaskType.NUMBER, answer_schema={"tolerance": 1}, floor=3, ceiling=3
    )
    moot.tasks(project, "a", "b", "c", "d", TaskRow("g", {}, gold=7))
    careful, also_careful, careless = moot.person(), moot.person(), moot.person()
    for person, answers in (
        (careful, (10, 20, 30, 40)),
        (also_careful, (10.5, 20, 31, 40)),
        (careless, (90, 90, 90, 90)),
    ):
        for answer in answers:
            moot.answer(project, person, answer)

    run_id, solution = run(moot, project)

    with moot.read() as uow:
        found = {each.annotator_id: each for each in reliabilities_of(uow, run_id=run_id)}
        rows = uow.session.exec(select(Consensus).where(Consensus.run_id == run_id)).all()
    assert found[careless.id].reliability < 0.6 < found[careful.id].reliability
    assert all(each.low < each.reliability < each.high for each in found.values())
    assert sorted(row.answer for row in rows) == [10.5, 20, 31, 40]
    assert solution.agreement.alpha < 0.5
    assert solution.method_name == "agreement"


def test_what_experts_know_is_held_and_counts_for_the_annotators(moot):
    project = moot.project(task_type=TaskType.TEXT, answer_schema={}, floor=2, ceiling=2)
    moot.tasks(project, "a", "b")
    right, wrong = moot.person(), moot.person()
    for person, answer in ((right, "Ulm"), (wrong, "Bonn")):
        for _ in range(2):
            moot.answer(project, person, answer)
    expert = moot.person()
    with moot.work() as uow:
        for name, answer in (("a", "ulm"), ("alone", "Köln")):
            add_expert_label(
                uow, expert, project_id=project.id, external_id=name, payload={}, answer=answer
            )

    run_id, _solution = run(moot, project)

    with moot.read() as uow:
        found = {each.annotator_id: each for each in reliabilities_of(uow, run_id=run_id)}
        rows = uow.session.exec(
            select(Task.external_id, Consensus)
            .join(Consensus, col(Consensus.task_id) == Task.id)
            .where(Consensus.run_id == run_id)
        ).all()
    agreed = {name: (row.answer, row.confidence) for name, row in rows}
    assert agreed["a"] == ("ulm", 1.0)
    assert agreed["alone"] == ("Köln", 1.0)
    assert agreed["b"][0] == "Ulm"
    assert found[wrong.id].reliability < found[right.id].reliability


@pytest.mark.parametrize(
    ("task_type", "method"),
    [(TaskType.SPANS, "dawid_skene"), (TaskType.RATING, "agreement"), (TaskType.TEXT, "magic")],
)
def test_a_method_that_does_not_fit_the_answers_is_refused_before_the_job(moot, task_type, method):
    kind = task_type_of(task_type)
    schema, payload, answer = kind.example()
    project = moot.project(task_type=task_type, answer_schema=schema)
    moot.tasks(project, TaskRow("a", payload))
    moot.answer(project, moot.person(), answer)

    with pytest.raises(InvalidInput, match=methods_for(task_type)[0]) as refusal:
        run(moot, project, method)

    assert refusal.value.fields[0].pointer == "/method"


def test_a_rating_is_the_median_point_and_not_the_one_named_most(moot):
    project = moot.project(
        task_type=TaskType.RATING, answer_schema={"points": list("abcde")}, floor=5, ceiling=5
    )
    moot.tasks(project, "a")
    for answer in (1, 1, 3, 4, 5):
        moot.answer(project, moot.person(), answer)

    _run_id, solution = run(moot, project, "majority")

    assert solution.tasks[0].answer == 3
    assert solution.tasks[0].confidence == solution.tasks[0].posterior[2]


def test_a_task_that_the_question_does_not_fit_is_refused_at_import(moot):
    project = moot.project(task_type=TaskType.SPANS, answer_schema={"classes": ["person"]})

    with moot.work() as uow:
        added = add_rows(
            uow,
            project_id=project.id,
            rows=[TaskRow("a", {"text": "Ada"}, line=1), TaskRow("b", {"body": "Ada"}, line=2)],
        )

    assert added.added == 1
    assert [problem.line for problem in added.problems] == [2]
    assert "no text in its field" in added.problems[0].reason
