"""What changed from one run to another: counted, listed, and as a file."""

import csv
import io

import pytest

from crowd.consensus_changes import (
    TaskChange,
    as_csv,
    changed_tasks,
    count_changes,
    every_task,
    pair_of_runs,
    pair_since,
    reliability_changes,
)
from crowd.consensus_runs import (
    load_consensus_problem,
    request_consensus,
    solve,
    store_consensus,
)
from folkmoot.kernel.errors import Conflict, InvalidInput, NotFound
from folkmoot.kernel.ids import new_id


def ask(moot, project):
    with moot.work() as uow:
        return request_consensus(uow, moot.team, project_id=project.id, method="majority")


def run(moot, project):
    wanted = ask(moot, project)
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    with moot.work() as uow:
        store_consensus(uow, problem, solve(problem))
    return wanted


@pytest.fixture
def project(moot):
    """Two tasks that one person answered; later two more answer otherwise, and a third task too."""
    project = moot.project(floor=3, ceiling=3)
    moot.tasks(project, "a", "b")
    first = moot.person()
    for _ in "ab":
        moot.answer(project, first, "yes")
    return project


def second_run(moot, project):
    moot.tasks(project, "c")
    for _ in range(2):
        ann = moot.person()
        for answer in ("no", "yes", "yes"):
            moot.answer(project, ann, answer)
    return run(moot, project)


def test_changes_are_counted_and_listed(moot, project):
    before, after = run(moot, project), second_run(moot, project)
    with moot.read() as uow:
        pair = pair_since(uow, run_id=after.id, since=None)
        counts = count_changes(uow, pair)
        changed = changed_tasks(uow, pair, at_most=10)
        people = reliability_changes(uow, pair)

    assert pair.before.id == before.id
    assert (counts.same, counts.changed, counts.added, counts.gone) == (1, 1, 1, 0)
    assert [(one.external_id, one.answer_before, one.answer_after) for one in changed] == [
        ("a", "yes", "no")
    ]
    assert len(people) == 3
    assert people[0].size == max(one.size for one in people)
    assert [one.before is None for one in people].count(True) == 2


def test_the_file_has_every_task_of_both_runs(moot, project):
    before, after = run(moot, project), second_run(moot, project)
    with moot.read() as uow:
        pair = pair_of_runs(uow, before_id=before.id, after_id=after.id)
        rows = list(csv.DictReader(io.StringIO(as_csv(every_task(uow, pair)).decode())))
        back = pair_of_runs(uow, before_id=after.id, after_id=before.id)
        kinds = [change.kind for change in every_task(uow, back)]

    assert [(row["external_id"], row["change"]) for row in rows] == [
        ("a", "changed"),
        ("b", "same"),
        ("c", "added"),
    ]
    assert (rows[0]["answer_before"], rows[0]["answer_after"]) == ('"yes"', '"no"')
    assert rows[2]["confidence_before"] == ""
    assert kinds == ["changed", "same", "gone"]


def test_runs_that_cannot_be_compared_are_refused(moot, project):
    first = run(moot, project)
    other = moot.project()
    moot.tasks(other, "a")
    moot.answer(other, moot.person())
    elsewhere, waiting = run(moot, other), ask(moot, project)

    with moot.read() as uow:
        with pytest.raises(Conflict, match="No run"):
            pair_since(uow, run_id=first.id, since=None)
        with pytest.raises(InvalidInput, match="different projects"):
            pair_of_runs(uow, before_id=first.id, after_id=elsewhere.id)
        with pytest.raises(Conflict, match="has not finished"):
            pair_of_runs(uow, before_id=first.id, after_id=waiting.id)
        with pytest.raises(NotFound):
            pair_of_runs(uow, before_id=new_id(), after_id=first.id)


def test_a_tasks_name_is_no_formula_in_the_file():
    change = TaskChange(new_id(), "=1+1", "yes", 0.5, "no", 0.5)
    [row] = csv.DictReader(io.StringIO(as_csv([change]).decode()))
    assert row["external_id"] == "'=1+1"
