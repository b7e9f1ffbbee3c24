"""Raised rules reach the tasks that were imported, or are done, by the lower ones."""

from crowd import raising_floor
from crowd.expert_labels import add_expert_label
from crowd.importing import TaskRow
from crowd.integrity import counted_integrity
from crowd.models import Project, TaskState
from crowd.projects import ProjectChange, change_project
from crowd.raising_floor import open_missing_places
from folkmoot.kernel.outbox import JobName, due_jobs
from folkmoot.kernel.unit_of_work import UnitOfWork


class Work:
    """The transactions that a job is given."""

    def __init__(self, moot) -> None:
        self.unit_of_work, self.reading = moot.work, moot.read


def raise_floor(moot, project: Project, floor: int) -> None:
    change = ProjectChange(floor=floor, ceiling=floor)
    with moot.work() as uow:
        change_project(uow, moot.team, project_id=project.id, change=change)


def due(uow: UnitOfWork) -> list[JobName]:
    return [job.name for job in due_jobs(uow)]


def test_done_and_waiting_tasks_get_the_answers_that_they_lack(moot, monkeypatch):
    monkeypatch.setattr(raising_floor, "_TASKS_AT_ONCE", 2)
    project, ann, bob = moot.project(), moot.person(), moot.person()
    moot.tasks(project, *"abcde", TaskRow("gold", {"name": "gold"}, gold="yes"))
    for _ in range(3):
        moot.answer(project, ann)

    raise_floor(moot, project, 2)

    with moot.read() as uow:
        assert due(uow) == [JobName.OPEN_PLACES]
    assert open_missing_places(Work(moot), project_id=project.id) == 5
    assert open_missing_places(Work(moot), project_id=project.id) == 0
    assert moot.read_task(project, "a").state is TaskState.OPEN
    for _ in range(5):
        moot.answer(project, bob)
    assert moot.lease(project, bob) is None
    for _ in range(2):
        moot.answer(project, ann)
    for name in "abcde":
        task = moot.read_task(project, name)
        assert (task.state, task.n_labels) == (TaskState.COMPLETE, 2)
    with moot.read() as uow:
        assert set(vars(counted_integrity(uow, project_id=project.id)).values()) == {0}


def test_a_lower_floor_asks_for_no_job(moot):
    project = moot.project(floor=2, ceiling=2)
    raise_floor(moot, project, 1)
    with moot.read() as uow:
        assert due(uow) == []


def change(moot, project: Project, **rules: object) -> int:
    """Change rules as a person would, and let the job that follows run."""
    with moot.work() as uow:
        wanted = ProjectChange.model_validate(rules)
        change_project(uow, moot.team, project_id=project.id, change=wanted)
    with moot.read() as uow:
        assert due(uow)[-1:] == [JobName.OPEN_PLACES]
    return open_missing_places(Work(moot), project_id=project.id)


def split(moot, project: Project, *names: str) -> None:
    moot.tasks(project, *names)
    for answer in ("yes", "no"):
        person = moot.person()
        for _ in names:
            moot.answer(project, person, answer)


def test_a_raised_ceiling_reaches_the_tasks_on_which_people_differ(moot, monkeypatch):
    monkeypatch.setattr(raising_floor, "_UNSURE", raising_floor._UNSURE.limit(2))
    project = moot.project(floor=2, ceiling=2)
    split(moot, project, *"abc")
    assert moot.read_task(project, "a").state is TaskState.COMPLETE
    assert moot.lease(project, moot.person()) is None

    assert change(moot, project, ceiling=4) == 3
    assert open_missing_places(Work(moot), project_id=project.id) == 0

    eve = moot.person()
    assert {moot.lease(project, eve).external_id for _ in "abc"} == {"a", "b", "c"}
    with moot.read() as uow:
        assert set(vars(counted_integrity(uow, project_id=project.id)).values()) == {0}


def test_a_raised_confidence_asks_only_of_the_tasks_that_fall_short_of_it(moot):
    project = moot.project(floor=2, ceiling=5, confidence=0.4)
    split(moot, project, "a")
    moot.tasks(project, "expert")
    with moot.work() as uow:
        add_expert_label(
            uow, moot.team, project_id=project.id, external_id="expert", payload={}, answer="no"
        )
    assert moot.read_task(project, "a").state is TaskState.COMPLETE

    assert change(moot, project, confidence=0.9) == 1
    assert moot.lease(project, moot.person()).external_id == "a"
    assert moot.read_task(project, "expert").state is TaskState.COMPLETE


def test_a_raised_budget_is_spent_on_the_tasks_that_ended_with_the_old_one(moot):
    project = moot.project(floor=2, ceiling=4, budget_labels=2)
    split(moot, project, "a")
    assert moot.read_task(project, "a").state is TaskState.COMPLETE

    assert change(moot, project, budget_labels=3) == 1
    assert moot.lease(project, moot.person()).external_id == "a"
