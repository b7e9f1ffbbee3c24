"""Projects: create them, open them, fill them with tasks."""

from http import HTTPStatus
from uuid import UUID

from crowd import asking_again, given_labels, outcomes, prioritising, projects
from crowd.integrity import Integrity, counted_integrity
from crowd.models import Instructions, Label, Project
from crowd.prioritising import Prioritised
from crowd.projects import ProjectChange, ProjectDraft
from folkmoot.api.operations import Api, Call, PageQuery, PageView
from folkmoot.api.v1.labels_schemas import GivenLabelView
from folkmoot.api.v1.projects_schemas import (
    AskedAgainView,
    Audit,
    Counted,
    InstructionsQuery,
    InstructionsView,
    IntegrityView,
    NewInstructions,
    Outcomes,
    Priorities,
    PrioritisedView,
    ProjectView,
    StateChange,
)
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.pagination import Page

api = Api("projects")


@api.post("/projects", access=Permission.MANAGE_PROJECTS, shows=ProjectView)
def create_project(call: Call, body: ProjectDraft) -> Project:
    """Create a project; it starts as a draft."""
    return projects.create_project(call.uow, call.actor, draft=body)


@api.get("/projects", access=Permission.READ_PROJECTS, shows=PageView[ProjectView])
def list_projects(call: Call, query: PageQuery) -> Page[Project]:
    """List the projects."""
    return projects.projects(call.uow, wanted=query.wanted)


@api.get("/projects/<uuid:project_id>", access=Permission.READ_PROJECTS, shows=ProjectView)
def get_project(call: Call, project_id: UUID) -> Project:
    """Return one project."""
    return projects.project_by_id(call.uow, project_id=project_id)


@api.patch("/projects/<uuid:project_id>", access=Permission.MANAGE_PROJECTS, shows=ProjectView)
def change_project(call: Call, project_id: UUID, body: ProjectChange) -> Project:
    """Change the rules that are given, and leave the others."""
    return projects.change_project(call.uow, call.actor, project_id=project_id, change=body)


@api.put("/projects/<uuid:project_id>/state", access=Permission.MANAGE_PROJECTS, shows=ProjectView)
def set_project_state(call: Call, project_id: UUID, body: StateChange) -> Project:
    """Open, pause or close a project."""
    return projects.change_state(call.uow, call.actor, project_id=project_id, state=body.state)


@api.put(
    "/projects/<uuid:project_id>/instructions", access=Permission.MANAGE_PROJECTS, shows=ProjectView
)
def set_instructions(call: Call, project_id: UUID, body: NewInstructions) -> Project:
    """Write a new version of the instructions."""
    return projects.write_instructions(call.uow, call.actor, project_id=project_id, text=body.text)


@api.get(
    "/projects/<uuid:project_id>/instructions",
    access=Permission.READ_PROJECTS,
    shows=InstructionsView,
)
def get_instructions(call: Call, project_id: UUID, query: InstructionsQuery) -> Instructions:
    """Return the instructions: the newest version, or the one that is asked for."""
    return projects.instructions_of(call.uow, project_id=project_id, version=query.version)


@api.post(
    "/projects/<uuid:project_id>/priorities",
    access=Permission.MANAGE_PROJECTS,
    shows=PrioritisedView,
    status=HTTPStatus.OK,
)
def set_priorities(call: Call, project_id: UUID, body: Priorities) -> Prioritised:
    """Set the priority of many tasks at once; it holds from the next hand-out."""
    return prioritising.set_priorities(
        call.uow, call.actor, project_id=project_id, priorities=body.priorities
    )


@api.post(
    "/projects/<uuid:project_id>/audits", access=Permission.MANAGE_PROJECTS, shows=AskedAgainView
)
def ask_again(call: Call, project_id: UUID, body: Audit) -> dict[str, int]:
    """Put tasks that are done to one more annotator each, beyond the ceiling."""
    asked = asking_again.ask_again(
        call.uow, call.actor, project_id=project_id, external_ids=body.external_ids
    )
    return {"asked": asked}


@api.post("/projects/<uuid:project_id>/outcomes", access=Permission.MANAGE_PROJECTS, shows=Counted)
def import_outcomes(call: Call, project_id: UUID, body: Outcomes) -> dict[str, int]:
    """Record what turned out to be true of cases; it is measured against, never learned from."""
    stored = outcomes.import_outcomes(
        call.uow, call.actor, project_id=project_id, rows=body.rows, source=body.source
    )
    return {"stored": stored}


@api.get(
    "/projects/<uuid:project_id>/integrity", access=Permission.READ_LABELS, shows=IntegrityView
)
def get_integrity(call: Call, project_id: UUID) -> Integrity:
    """Recount a project's whole history for places handed out twice and labels lost."""
    return counted_integrity(call.uow, project_id=project_id)


@api.get(
    "/projects/<uuid:project_id>/labels",
    access=Permission.READ_LABELS,
    shows=PageView[GivenLabelView],
)
def list_labels(call: Call, project_id: UUID, query: PageQuery) -> Page[Label]:
    """List every label of a project, superseded ones too."""
    return given_labels.labels_of(call.uow, project_id=project_id, wanted=query.wanted)
