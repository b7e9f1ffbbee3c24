"""A raised floor reaches the tasks that were imported under the lower one."""

from crowd import raising_floor
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
