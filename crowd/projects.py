"""Projects: a question put to annotators, its rules, its instructions and its state."""

from hashlib import sha256
from typing import Annotated
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.models import Instructions, Project, ProjectState, TaskType
from crowd.task_types import task_type_of
from crowd.text import PlainText, refuse_null
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.names import OneLineName
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
LONGEST_INSTRUCTIONS = 100_000
# Names that would stand for another page where a project is addressed by its short name.
RESERVED_SLUGS = frozenset({"new"})

_NEXT_STATES: dict[ProjectState, frozenset[ProjectState]] = {
    ProjectState.DRAFT: frozenset({ProjectState.OPEN, ProjectState.CLOSED}),
    ProjectState.OPEN: frozenset({ProjectState.PAUSED, ProjectState.CLOSED}),
    ProjectState.PAUSED: frozenset({ProjectState.OPEN, ProjectState.CLOSED}),
    ProjectState.CLOSED: frozenset(),
}


class ProjectDraft(BaseModel):
    """What a new project is to be.

    `group_fields` names the payload fields by which people are compared: field to rising band
    edges, or to an empty list where the values themselves are the groups.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    title: OneLineName = Field(min_length=1, max_length=200, pattern=r"\S")
    task_type: TaskType = TaskType.SINGLE_CHOICE
    answer_schema: JsonObject
    instructions: PlainText = Field(min_length=1, max_length=LONGEST_INSTRUCTIONS)
    floor: int = Field(default=3, ge=1, le=100)
    ceiling: int = Field(default=7, ge=1, le=100)
    confidence: float = Field(default=0.9, gt=0, le=1)
    lease_seconds: int = Field(default=600, ge=10, le=86_400)
    pay_minor: int = Field(default=0, ge=0, le=1_000_000)
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    gold_share: float = Field(default=0.1, ge=0, le=0.5)
    group_fields: dict[FieldName, list[float]] = Field(default_factory=dict, max_length=20)

    @field_validator("slug")
    @classmethod
    def _not_a_page_of_ours(cls, slug: str) -> str:
        if slug in RESERVED_SLUGS:
            raise ValueError(f"“{slug}” is an address of a page; choose another short name.")
        return slug

    @model_validator(mode="after")
    def _ceiling_above_floor(self) -> "ProjectDraft":
        if self.ceiling < self.floor:
            raise ValueError("The ceiling of labels must not lie below the floor.")
        return self


def create_project(uow: UnitOfWork, actor: Actor, *, draft: ProjectDraft) -> Project:
    """Create a project as a draft, with the first version of its instructions."""
    schema = task_type_of(draft.task_type).check_schema(draft.answer_schema)
    project = _project_from(draft, schema, actor)
    uow.session.add(project)
    try:
        uow.session.flush()  # the database knows whether the short name is free
    except IntegrityError as error:
        sentence = f"There is already a project with the short name “{draft.slug}”."
        raise Conflict(sentence, fields=[FieldProblem("/slug", sentence)]) from error
    _add_instructions(uow, project, draft.instructions)
    _record(uow, actor, Action.PROJECT_CREATED, project, facts=_rules(project))
    return project


def change_state(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, state: ProjectState
) -> Project:
    """Open, pause or close a project; one that is closed stays so."""
    project = locked_project(uow, project_id)
    if project.state is state:
        return project
    if state not in _NEXT_STATES[project.state]:
        raise Conflict(f"A project that is {project.state.value} cannot become {state.value}.")
    facts: JsonObject = {"before": project.state.value, "after": state.value}
    project.state = state
    uow.session.add(project)
    _record(uow, actor, Action.PROJECT_STATE_CHANGED, project, facts=facts)
    return project


def write_instructions(uow: UnitOfWork, actor: Actor, *, project_id: UUID, text: str) -> Project:
    """Write the next version of the instructions; labels remember which one they followed."""
    refuse_null(text, "/text")
    if not text.strip() or len(text) > LONGEST_INSTRUCTIONS:
        sentence = f"Instructions have 1 to {LONGEST_INSTRUCTIONS:,} characters."
        raise InvalidInput(sentence, fields=[FieldProblem("/text", sentence)])
    project = locked_project(uow, project_id)
    if instructions_of(uow, project_id=project_id).text == text:
        return project
    project.instructions_version += 1
    uow.session.add(project)
    _add_instructions(uow, project, text)
    facts: JsonObject = {
        "instructions_version": project.instructions_version,
        "instructions_digest": sha256(text.encode()).hexdigest(),
    }
    _record(uow, actor, Action.PROJECT_CHANGED, project, facts=facts)
    return project


def project_by_id(uow: UnitOfWork, *, project_id: UUID) -> Project:
    """Return a project, or raise NotFound."""
    return _found(uow.session.get(Project, project_id))


def project_by_slug(uow: UnitOfWork, *, slug: str) -> Project:
    """Return the project of a short name, or raise NotFound."""
    return _found(uow.session.exec(select(Project).where(Project.slug == slug)).first())


def projects(
    uow: UnitOfWork, *, wanted: PageRequest, state: ProjectState | None = None
) -> Page[Project]:
    """Return one page of the projects, newest first."""
    statement = select(Project)
    if state is not None:
        statement = statement.where(col(Project.state) == state)
    return page_by_id(uow, statement, key=Project.id, wanted=wanted, newest_first=True)


def instructions_of(
    uow: UnitOfWork, *, project_id: UUID, version: int | None = None
) -> Instructions:
    """Return one version of a project's instructions, the newest unless told."""
    number = version or project_by_id(uow, project_id=project_id).instructions_version
    instructions = uow.session.get(Instructions, (project_id, number))
    if instructions is None:
        raise NotFound("There is no such version of the instructions.")
    return instructions


def locked_project(uow: UnitOfWork, project_id: UUID) -> Project:
    """Return a project as it is now, held until the transaction ends; leases go on meanwhile."""
    statement = (
        select(Project)
        .where(col(Project.id) == project_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return _found(uow.session.exec(statement).first())


def _found(project: Project | None) -> Project:
    if project is None:
        raise NotFound("There is no such project.")
    return project


def _project_from(draft: ProjectDraft, schema: JsonObject, actor: Actor) -> Project:
    given = draft.model_dump(exclude={"instructions", "answer_schema"})
    return Project(
        **given,
        answer_schema=schema,
        instructions_version=1,
        state=ProjectState.DRAFT,
        created_by=actor.id,
        created_at=clock.now(),
    )


def _add_instructions(uow: UnitOfWork, project: Project, text: str) -> None:
    uow.session.add(
        Instructions(
            project_id=project.id,
            version=project.instructions_version,
            text=text,
            created_at=clock.now(),
        )
    )


def _rules(project: Project) -> JsonObject:
    rules = project.model_dump(mode="json", exclude={"id", "created_by", "created_at"})
    return dict(rules)


def _record(
    uow: UnitOfWork, actor: Actor, action: Action, project: Project, *, facts: JsonObject
) -> None:
    record(
        uow,
        actor,
        action,
        subject_type="project",
        subject_id=project.id,
        project_id=project.id,
        facts=facts,
    )
