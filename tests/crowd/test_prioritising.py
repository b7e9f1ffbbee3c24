"""Priorities in bulk: from the next hand-out on, for everybody, all of them or none."""

import json
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from audit.models import Entry
from crowd.importing import TaskRow
from crowd.models import Project, ProjectState, Task
from crowd.prioritising import MOST_NAMED, set_priorities
from crowd.projects import change_state
from folkmoot.kernel.errors import InvalidInput


def prioritise(moot, project: Project, **priorities: int):
    with moot.work() as uow:
        return set_priorities(uow, moot.team, project_id=project.id, priorities=priorities)


def handed_out(moot, project: Project, people: int = 1) -> list[str]:
    """Return what each of some newcomers is given next."""
    leases = [moot.lease(project, moot.person()) for _ in range(people)]
    return [lease.external_id for lease in leases if lease is not None]


def test_the_next_task_is_the_one_with_the_highest_priority(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, *"abcdef")
    first = moot.answer(project, ann)

    done = prioritise(moot, project, e=5, f=5, d=9, b=0)

    assert (done.changed, done.unchanged) == (3, 1)
    assert first.task_state == "complete"
    given = [moot.answer(project, ann) for _ in range(5)]
    with moot.read() as uow:
        tasks = uow.session.exec(select(Task).where(Task.project_id == project.id))
        names = {task.id: task.external_id for task in tasks}
    assert [names[one.label.task_id] for one in given] == ["d", "e", "f", "b", "c"]


def test_an_annotator_who_has_passed_a_task_by_is_given_it_when_it_becomes_urgent(moot):
    project, ann = moot.project(), moot.person()
    moot.tasks(project, *"abc")
    skipped_to = moot.answer(project, ann)
    assert skipped_to.task_state == "complete"
    moot.tasks(project, TaskRow("low", {"name": "low"}, priority=-5))
    prioritise(moot, project, c=-10)

    assert moot.lease(project, ann).external_id == "b"
    prioritise(moot, project, c=10)
    assert moot.lease(project, ann).external_id == "c"


def test_what_somebody_holds_stays_theirs_and_a_finished_task_is_not_asked_again(moot):
    project = moot.project()
    moot.tasks(project, "done", "held", "free")
    moot.answer(project, moot.person())
    assert handed_out(moot, project) == ["held"]

    prioritise(moot, project, done=9, held=9)

    assert handed_out(moot, project, people=2) == ["free"]


def test_a_lower_priority_waits_behind_all_others(moot):
    project = moot.project()
    moot.tasks(project, *"abc")
    prioritise(moot, project, a=-1)
    assert handed_out(moot, project, people=3) == ["b", "c", "a"]


def test_unknown_tasks_are_named_and_nothing_changes(moot):
    project, other = moot.project(), moot.project()
    moot.tasks(project, "mine")
    moot.tasks(other, "theirs")
    unknown = {f"x-{number}": 1 for number in range(MOST_NAMED)}

    with pytest.raises(InvalidInput, match=r"theirs.*and 1 more") as refusal:
        prioritise(moot, project, mine=5, theirs=5, **unknown)

    assert len(refusal.value.fields) == MOST_NAMED
    assert refusal.value.fields[0].pointer == "/priorities/theirs"
    assert moot.read_task(project, "mine").priority == 0


@pytest.mark.parametrize("priority", [1001, -1001])
def test_a_priority_out_of_range_is_refused(moot, priority: int):
    project = moot.project()
    moot.tasks(project, "a")
    with pytest.raises(InvalidInput, match="from -1000 to 1000"):
        prioritise(moot, project, a=priority)


def test_one_entry_says_how_many_and_which(moot):
    project = moot.project()
    moot.tasks(project, *"ab")
    prioritise(moot, project, a=2, b=1)
    prioritise(moot, project, a=2, b=1)

    with moot.read() as uow:
        found = uow.session.exec(select(Entry).where(Entry.project_id == project.id)).all()
    facts = [json.loads(e.envelope)["facts"] for e in found if e.action == "tasks.prioritised"]
    assert [(one["n_tasks"], one["lowest"], one["highest"]) for one in facts] == [(2, 1, 2)]


def test_priorities_can_be_set_before_a_project_opens(moot):
    project = moot.project(opened=False)
    moot.tasks(project, *"ab")
    prioritise(moot, project, b=3)
    with moot.work() as uow:
        change_state(uow, moot.team, project_id=project.id, state=ProjectState.OPEN)
    assert handed_out(moot, project) == ["b"]


def test_thousands_are_set_at_once(moot):
    project = moot.project()
    moot.tasks(project, *(f"t{number}" for number in range(6000)))
    wanted = {f"t{number}": number % 7 for number in range(6000)}
    assert prioritise(moot, project, **wanted).changed == 6000 - len(range(0, 6000, 7))
    assert handed_out(moot, project, people=2) == ["t6", "t13"]


def test_tasks_are_locked_in_the_order_of_their_ids_whatever_their_priorities(moot, monkeypatch):
    monkeypatch.setattr("crowd.prioritising._AT_ONCE", 2)
    project = moot.project()
    moot.tasks(project, *"abcde")
    locked: list[list[UUID]] = []

    def note(_connection, statement, _many, params, _options, result) -> None:
        if getattr(statement, "_for_update_arg", None) is not None and "ids" in params:
            locked.append(params["ids"])
        elif statement.is_update and "to_priority" in params:
            assert sum(map(len, locked)) == 5, "a task was changed before all were locked"

    sa.event.listen(moot.engine, "after_execute", note)
    prioritise(moot, project, a=9, b=1, c=9, d=1, e=5)
    sa.event.remove(moot.engine, "after_execute", note)

    one_after_another = [task_id for batch in locked for task_id in batch]
    assert one_after_another == sorted(one_after_another)
