"""Tasks: list those of a project, and read one with all that happened to it."""

from uuid import UUID

from crowd import task_stories
from crowd.models import Task
from crowd.projects import project_by_id
from crowd.task_stories import TaskStory
from folkmoot.api.operations import Api, Call, PageView
from folkmoot.api.v1.tasks_schemas import (
    TaskConsensusView,
    TaskLabelView,
    TaskLeaseView,
    TaskQuery,
    TaskStoryView,
    TaskView,
)
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.pagination import Page

api = Api("tasks")


@api.get(
    "/projects/<uuid:project_id>/tasks", access=Permission.READ_LABELS, shows=PageView[TaskView]
)
def list_tasks(call: Call, project_id: UUID, query: TaskQuery) -> Page[Task]:
    """List the tasks of a project, in the order in which they were added."""
    project_by_id(call.uow, project_id=project_id)
    return task_stories.tasks_of(
        call.uow,
        project_id=project_id,
        wanted=query.wanted,
        state=query.state,
        search=query.search,
    )


@api.get("/tasks/<uuid:task_id>", access=Permission.READ_LABELS, shows=TaskStoryView)
def get_task(call: Call, task_id: UUID) -> TaskStoryView:
    """Return a task with who was given it and why, what they answered, and the consensus."""
    return _view(task_stories.task_story(call.uow, task_id=task_id))


def _view(story: TaskStory) -> TaskStoryView:
    return TaskStoryView(
        task=TaskView.model_validate(story.task),
        labels=[TaskLabelView.model_validate(each) for each in story.labels],
        leases=[TaskLeaseView.model_validate(each) for each in story.leases],
        consensus=[TaskConsensusView.model_validate(each.consensus) for each in story.consensus],
    )
