"""Every task type, labelled by a crowd large enough for its model, through the service."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from crowd.aggregation import heard_by
from crowd.consensus_calibration import calibrated
from crowd.consensus_problem import ConsensusProblem, ConsensusSolution, Prediction
from crowd.consensus_runs import (
    cancel_run,
    load_consensus_problem,
    methods_for,
    reliabilities_of,
    request_consensus,
    run_by_id,
    solve,
    store_consensus,
)
from crowd.consensus_watch import FitWatch, RunEndedError
from crowd.importing import TaskRow
from crowd.models import Fate, Label, Origin, Task, TaskType
from crowd.task_types import task_type_of
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.json_values import Json

N_TASKS, N_PEOPLE = 20, 5
TEXT = "Ada Lovelace met Charles Babbage in London and wrote to Mary Somerville"


def give(moot, project, answers: dict[tuple[str, int], Json]) -> list:
    """Store answers of (task, person) as labels, without the desk that hands tasks out."""
    people = [moot.person(f"P{who}") for who in range(1 + max(who for _, who in answers))]
    with moot.work() as uow:
        tasks = dict(
            uow.session.exec(
                select(Task.external_id, Task.id).where(Task.project_id == project.id)
            ).all()
        )
        rows = [
            {
                "project_id": project.id,
                "task_id": tasks[task],
                "annotator_id": people[who].id,
                "origin": Origin.CROWD,
                "answer": answer,
                "fate": Fate.ACCEPTED,
                "is_current": True,
                "active_seconds": 4.0,
                "instructions_version": 1,
                "created_at": clock.now(),
            }
            for (task, who), answer in answers.items()
        ]
        uow.session.connection().execute(sa.insert(Label), rows)
    return people


def ask(moot, project, method=None):
    with moot.work() as uow:
        run = request_consensus(uow, moot.team, project_id=project.id, method=method)
    with moot.read() as uow:
        return load_consensus_problem(uow, run_id=run.id)


def aggregate(moot, project, method=None):
    problem = ask(moot, project, method)
    solution = solve(problem)
    with moot.work() as uow:
        store_consensus(uow, problem, solution)
    with moot.read() as uow:
        run = run_by_id(uow, run_id=problem.run_id)
        people = {each.annotator_id: each for each in reliabilities_of(uow, run_id=problem.run_id)}
    # The same labels have the same result, in whatever order the database returns them.
    shuffled = replace(problem, labels=problem.labels[::-1])
    again = solve(shuffled)
    assert (again.input_digest, again.result_digest) == (run.input_digest, run.result_digest)
    return run, moot.consensus(problem.run_id), people


def span(start: int, end: int, label: str = "person") -> Json:
    return {"start": start, "end": end, "label": label}


def box(x: float, y: float, label: str = "car") -> Json:
    return {"x": round(x, 4), "y": round(y, 4), "width": 0.2, "height": 0.2, "label": label}


def grade(draw: random.Random, task: int, careless: bool) -> Json:
    return draw.randint(1, 5) if careless else min(5, max(1, task % 5 + 1 + (draw.random() < 0.1)))


def number(draw: random.Random, task: int, careless: bool) -> Json:
    return round(10 * task + draw.gauss(0, 2.5 if careless else 0.8), 1)


def picks(draw: random.Random, task: int, careless: bool) -> Json:
    right = {"fever"} if task % 2 else {"cough", "pain"}
    wrong = {one for one in ("fever", "cough", "pain") if draw.random() < 0.5}
    return sorted(wrong if careless else right)


def marks(draw: random.Random, task: int, careless: bool) -> Json:
    if careless:
        return [span(13, 16)]
    return [span(0, 12), span(17, 32)] if draw.random() < 0.9 else [span(0, 12)]


def boxes(draw: random.Random, task: int, careless: bool) -> Json:
    if careless:
        return [box(0.7, 0.7), box(0.05, 0.7)]
    drawn = [box(0.1 + draw.uniform(-0.01, 0.01), 0.1), box(0.5, 0.4 + draw.uniform(-0.01, 0.01))]
    return drawn if draw.random() < 0.85 else drawn[:1]


def order(draw: random.Random, task: int, careless: bool) -> Json:
    right = ["a", "b", "c", "d"]
    if careless:
        draw.shuffle(right)
    elif draw.random() < 0.2:
        right[2:] = ["d", "c"]
    return [*right]


def preferred(draw: random.Random, task: int, careless: bool) -> Json:
    wrong = draw.random() < (0.5 if careless else 0.05)
    return {"preferred": "second" if (task % 2 == 0) ^ wrong else "first"}


def written(draw: random.Random, task: int, careless: bool) -> Json:
    right = f"Please send the invoice number {task} again"
    return "no idea what this is" if careless else right + draw.choice(["", ".", "!"])


def chosen(draw: random.Random, task: int, careless: bool) -> Json:
    wrong = draw.random() < (0.5 if careless else 0.1)
    return "yes" if (task % 2 == 0) ^ wrong else "no"


def headed(task: int) -> dict[str, Json]:
    # Things that come back: the second of each task is the better one where it is even.
    return {"first": f"text {task}", "second": f"text {task + 1}"}


KINDS: dict[TaskType, tuple[dict[str, Json], Callable[..., Json], Callable[[int], Json], str]] = {
    TaskType.SINGLE_CHOICE: (
        {"choices": ["yes", "no"]},
        chosen,
        lambda task: "no" if task % 2 else "yes",
        "ensemble",
    ),
    TaskType.RATING: (
        {"points": list("abcde")},
        grade,
        lambda task: task % 5 + 1,
        "graded-ensemble",
    ),
    TaskType.NUMBER: (
        {"step": 0.1, "tolerance": 1},
        number,
        lambda task: 10 * task,
        "gaussian-crowd",
    ),
    TaskType.MULTIPLE_CHOICE: (
        {"choices": ["fever", "cough", "pain"]},
        picks,
        lambda task: ["fever"] if task % 2 else ["cough", "pain"],
        "multi-label-crowd",
    ),
    TaskType.SPANS: (
        {"classes": ["person", "place"]},
        marks,
        lambda _task: [span(0, 12), span(17, 32)],
        "sequence-crowd",
    ),
    TaskType.BOXES: (
        {"classes": ["car"]},
        boxes,
        lambda _task: [box(0.1, 0.1), box(0.5, 0.4)],
        "region-consensus",
    ),
    TaskType.RANKING: (
        {"items": list("abcd")},
        order,
        lambda _task: ["a", "b", "c", "d"],
        "crowd-bradley-terry",
    ),
    TaskType.PREFERENCE: (
        {},
        preferred,
        lambda task: {"preferred": "first" if task % 2 else "second"},
        "crowd-bradley-terry",
    ),
    TaskType.TEXT: (
        {"gold_likeness": 0.8},
        written,
        lambda task: f"Please send the invoice number {task} again",
        "text-medoid",
    ),
}


def labelled(moot, task_type, *, n_tasks=N_TASKS, gold=0):
    """Return a project of the type whose fifth person is careless, and its people."""
    schema, answer, truth, _name = KINDS[task_type]
    project = moot.project(task_type=task_type, answer_schema=schema, floor=5, ceiling=5)
    rows = [
        TaskRow(
            f"t{task:03}",
            {"text": TEXT, "image": "street.jpg", **headed(task)},
            gold=truth(task) if task < gold else None,
        )
        for task in range(n_tasks)
    ]
    moot.tasks(project, *rows)
    draw = random.Random(7)
    answers = {
        (f"t{task:03}", who): answer(draw, task, who == N_PEOPLE - 1)
        for task in range(n_tasks)
        for who in range(N_PEOPLE)
    }
    return project, give(moot, project, answers)


@pytest.mark.parametrize("task_type", TaskType)
def test_every_type_is_aggregated_by_its_own_model(moot, task_type):
    _schema, _answer, truth, name = KINDS[task_type]
    project, people = labelled(moot, task_type)
    run, found, estimates = aggregate(moot, project)

    kind = task_type_of(task_type)
    assert (run.method, run.algorithm, run.fallback) == (methods_for(task_type)[0], name, "")
    assert run.parameters
    assert run.method_version
    right = [
        kind.agrees(project.answer_schema, found[f"t{task:03}"].answer, truth(task))
        for task in range(N_TASKS)
    ]
    assert sum(right) >= N_TASKS - 2
    for row in found.values():
        kind.check_answer(project.answer_schema, row.answer, {"text": TEXT})
        assert 0 < row.confidence <= 1
        assert (row.low is not None) == (task_type is TaskType.NUMBER)
    careless = estimates[people[-1].id]
    others = [estimates[person.id] for person in people[:-1]]
    assert careless.reliability < min(each.reliability for each in others) - 0.1
    assert all(0 <= each.low < each.reliability < each.high <= 1 for each in estimates.values())
    assert run.calibration["method"] == "none"
    assert run.agreement is not None


def test_a_number_has_limits_that_hold_it(moot):
    project, _people = labelled(moot, TaskType.NUMBER)
    _run, found, estimates = aggregate(moot, project)

    for task in range(N_TASKS):
        row = found[f"t{task:03}"]
        assert row.low < row.answer < row.high
        assert row.low <= 10 * task <= row.high
    assert all(each.traits.keys() == {"bias", "spread"} for each in estimates.values())


def test_a_few_answers_far_off_are_left_to_medians(moot):
    project = moot.project(task_type=TaskType.NUMBER, answer_schema={"tolerance": 1})
    moot.tasks(project, *(f"t{task:03}" for task in range(N_TASKS)))
    answers = {
        (f"t{task:03}", who): (task + who % 2 if (task + who) % 9 else 10_000)
        for task in range(N_TASKS)
        for who in range(N_PEOPLE)
    }
    give(moot, project, answers)
    run, found, _people = aggregate(moot, project)

    assert run.algorithm == "agreement"
    assert "medians" in run.fallback
    assert all(abs(found[f"t{task:03}"].answer - task) <= 1 for task in range(N_TASKS))


@pytest.mark.parametrize("task_type", [TaskType.BOXES, TaskType.RANKING, TaskType.PREFERENCE])
def test_a_crowd_too_small_for_its_model_is_aggregated_simply(moot, task_type):
    project, _people = labelled(moot, task_type, n_tasks=4)
    run, found, _people = aggregate(moot, project)

    assert run.algorithm in {"agreement", "ensemble"}
    assert "fewer than 50 answers" in run.fallback
    assert len(found) == 4


def test_spans_that_overlap_and_grades_that_cannot_be_told_have_their_own_way(moot):
    project, _people = labelled(moot, TaskType.SPANS)
    run, found, estimates = aggregate(moot, project, "regions")
    assert run.algorithm == "region-consensus"
    assert [part["start"] for part in found["t000"].answer] == [0, 17]
    assert all(each.traits["finds"] < 1 for each in estimates.values())

    project = moot.project(
        task_type=TaskType.RATING,
        answer_schema={"points": list("abc"), "cannot_tell": "I cannot tell"},
    )
    moot.tasks(project, "t000", "t001")
    answers = {("t000", who): "cannot_tell" for who in range(3)}
    give(moot, project, answers | {("t001", who): 2 for who in range(3)})
    run, found, _people = aggregate(moot, project)
    assert run.algorithm == "ensemble"
    assert {name: row.answer for name, row in found.items()} == {"t000": "cannot_tell", "t001": 2}


def overconfident(moot, *, n_gold, task_type=TaskType.SINGLE_CHOICE):
    """Return a project whose people err together, so that every model is too sure of them."""
    schema, _answer, truth, _name = KINDS[task_type]
    project = moot.project(task_type=task_type, answer_schema=schema)
    moot.tasks(
        project,
        *(
            TaskRow(f"t{task:03}", headed(task), gold=truth(task) if task < n_gold else None)
            for task in range(100)
        ),
    )
    draw = random.Random(3)
    answers: dict[tuple[str, int], Json] = {}
    for task in range(100):
        seen = task + (draw.random() < 0.3)  # what all of them see, which may be the wrong thing
        for who in range(8 if task < n_gold else 4):
            answers[f"t{task:03}", who] = truth(seen + (draw.random() < 0.05))
    give(moot, project, answers)
    return project


@pytest.mark.parametrize("task_type", [TaskType.SINGLE_CHOICE, TaskType.MULTIPLE_CHOICE])
def test_gold_corrects_how_sure_a_consensus_is(moot, task_type):
    project = overconfident(moot, n_gold=40, task_type=task_type)
    problem = ask(moot, project)
    plain, corrected = solve(replace(problem, gold=frozenset())), solve(problem)

    told = corrected.calibration
    assert plain.calibration["method"] == "none"
    assert (told["method"], told["n_gold"]) == ("temperature", 40)
    assert told["log_loss_after"] < told["log_loss_before"]
    before, after = (
        [task.confidence for task in each.tasks if task.task not in problem.known]
        for each in (plain, corrected)
    )
    assert [task.answer for task in plain.tasks] == [task.answer for task in corrected.tasks]
    # They are right on 70 % of the tasks, more or less.
    assert sum(before) / len(before) > 0.88
    assert 0.6 < sum(after) / len(after) < sum(before) / len(before) - 0.04
    assert all(task.confidence == 1 for task in corrected.tasks if task.task in problem.known)
    assert plain.input_digest != corrected.input_digest


def test_too_little_gold_corrects_nothing_and_the_run_says_so(moot):
    run, _found, _people = aggregate(moot, overconfident(moot, n_gold=10))

    assert run.calibration == {"method": "none", "n_gold": 10, "fewest_gold": 30}


def test_what_a_reviewer_knows_is_no_gold(moot):
    project = overconfident(moot, n_gold=40)
    problem = ask(moot, project)
    reviewed = replace(problem, gold=problem.gold - {*sorted(problem.gold)[:15]})

    assert solve(reviewed).calibration["n_gold"] == 25


def test_gold_is_judged_open_and_with_no_more_labels_than_others(moot):
    problem = ask(moot, overconfident(moot, n_gold=40))
    given: list[tuple[int, int]] = []

    def solve_and_note(one: ConsensusProblem) -> ConsensusSolution:
        counts = Counter(task for task, _, _ in one.labels)
        given.append((len(one.known), max(counts[task] for task in problem.gold)))
        return solve(replace(one, gold=frozenset()))

    told = calibrated(problem, lambda one: replace(solve_and_note(one), calibration={}))

    assert told.calibration["n_gold"] == 40
    assert given == [(40, 8), (20, 4), (20, 4)]


def test_gold_that_only_another_algorithm_can_judge_corrects_nothing(moot):
    problem = ask(moot, overconfident(moot, n_gold=40))

    def solve_simply_what_is_thin(one: ConsensusProblem) -> ConsensusSolution:
        found = replace(solve(replace(one, gold=frozenset())), calibration={})
        return found if len(one.known) == 40 else replace(found, method_name="simple")

    told = calibrated(problem, solve_simply_what_is_thin).calibration
    assert (told["method"], told["n_gold"]) == ("none", 40)
    assert solve(problem).calibration["method"] == "temperature"


def test_crowdlab_weighs_what_a_model_said_and_needs_it(moot):
    project, _people = labelled(moot, TaskType.SINGLE_CHOICE)
    problem = ask(moot, project, "crowdlab")
    with pytest.raises(Conflict, match="no model has decided"):
        solve(problem)

    tasks = sorted({task for task, _, _ in problem.labels})
    for answer, other in (("yes", "no"), ("no", "yes")):
        said = {tasks[0]: Prediction(answer, 0.99)}
        found = {task.task: task for task in solve(replace(problem, predictions=said)).tasks}
        against = {tasks[0]: Prediction(other, 0.99)}
        opposed = {task.task: task for task in solve(replace(problem, predictions=against)).tasks}
        place = ["yes", "no"].index(answer)
        assert found[tasks[0]].posterior[place] > opposed[tasks[0]].posterior[place]


def test_a_run_that_is_broken_off_ends_within_its_fit(moot):
    project, _people = labelled(moot, TaskType.SINGLE_CHOICE)
    problem = ask(moot, project)
    watch = FitWatch(moot.work, run_id=problem.run_id, stage="weighing", between=timedelta(0))
    with heard_by(watch):
        solve(problem)
    with moot.read() as uow:
        assert run_by_id(uow, run_id=problem.run_id).stage.startswith("weighing, step ")

    with moot.work() as uow:
        cancel_run(uow, moot.team, run_id=problem.run_id)
    with heard_by(watch), pytest.raises(RunEndedError):
        solve(problem)
