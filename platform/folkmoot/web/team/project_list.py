"""The projects as cards."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowd.consensus_runs import latest_run
from crowd.models import Project
from crowd.progress import Funnel, funnels_of
from crowd.projects import projects
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.pagination import PageRequest
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.annotator.label_page import question_of
from folkmoot.web.money import money_text
from folkmoot.web.paging import Pagination, pagination_of

CARDS = 24


@dataclass(frozen=True)
class ProjectCard:
    """One project; `agreement` is the newest run's, None before any."""

    slug: str
    title: str
    question: str
    state: str
    tasks: int
    complete: int
    labels: int
    annotators: int
    agreement: float | None
    cost_text: str


@dataclass(frozen=True)
class ProjectsView:
    """Everything on the page."""

    projects: Sequence[ProjectCard]
    page: Pagination
    may_manage: bool


def projects_view_of(uow: UnitOfWork, actor: Actor, *, wanted: PageRequest) -> ProjectsView:
    """Read a page of the projects and how far each is."""
    page = projects(uow, wanted=wanted)
    funnels = funnels_of(uow, projects=page.items)
    return ProjectsView(
        projects=[_card(uow, project, funnels[project.id]) for project in page.items],
        page=pagination_of(page.mapped(str)),
        may_manage=actor.may(Permission.MANAGE_PROJECTS),
    )


def _card(uow: UnitOfWork, project: Project, funnel: Funnel) -> ProjectCard:
    run = latest_run(uow, project_id=project.id)
    question = question_of(project).text
    return ProjectCard(
        slug=project.slug,
        title=project.title,
        question=question if question != project.title else "",
        state=project.state.value,
        tasks=funnel.tasks,
        complete=funnel.complete,
        labels=funnel.labels,
        annotators=funnel.annotators,
        agreement=None if run is None else run.agreement,
        cost_text=money_text(funnel.cost_minor, project.currency),
    )
