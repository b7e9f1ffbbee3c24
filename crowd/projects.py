"""Projects: a question put to annotators, its rules, its instructions and its state."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import inf
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.models import Instructions, Project, ProjectQueue, ProjectState
from crowd.pay_floor import check_may_open, judge_pay
from crowd.project_rules import (
    LONGEST_INSTRUCTIONS,
    ProjectChange,
    ProjectDraft,
    ProjectRules,
    check_together,
)
from crowd.safe_changes import refuse_unsafe
from crowd.task_types import task_type_of
from crowd.text import refuse_null
from crowd.training import check_ready
from crowd.watching import watch_rules
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.outbox import JobName, request_job
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork

__all__ = [
    "ProjectChange",
    "ProjectDraft",
    "change_project",
    "change_state",
    "create_project",
    "instructions_of",
    "instructions_versions",
    "locked_project",
    "project_by_id",
    "project_by_slug",
    "projects",
    "write_instructions",
]

_NEXT_STATES: dict[ProjectState, frozenset[ProjectState]] = {
    ProjectState.DRAFT: frozenset({ProjectState.OPEN, ProjectState.CLOSED}),
    ProjectState.OPEN: frozenset({ProjectState.PAUSED, ProjectState.CLOSED}),
    ProjectState.PAUSED: frozenset({ProjectState.OPEN, ProjectState.CLOSED}),
    ProjectState.CLOSED: frozenset(),
}


def create_project(uow: UnitOfWork, actor: Actor, *, draft: ProjectDraft) -> Project:
    """Create a project as a draft, with the first version of its instructions."""
    check_together(draft)
    schema = task_type_of(draft.task_type).check_schema(draft.answer_schema)
    project = _project_from(draft, schema, actor)
    uow.session.add(project)
    try:
        uow.session.flush()  # the database knows whether the short name is free
    except IntegrityError as error:
        sentence = f"There is already a project with the short name “{draft.slug}”."
        raise Conflict(sentence, fields=[FieldProblem("/slug", sentence)]) from error
    _add_instructions(uow, project, draft.instructions)
    uow.session.add(ProjectQueue(project_id=project.id))
    _record(uow, actor, Action.PROJECT_CREATED, project, facts=_rules(project))
    return project


def change_state(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, state: ProjectState
) -> Project:
    """Open, pause or close a project; one that is closed stays so.

    A project that is paused or closed gives no new lease. An answer to a task that somebody holds
    is kept and paid all the same: the work was asked for.
    """
    project = locked_project(uow, project_id)
    if project.state is state:
        return project
    if state not in _NEXT_STATES[project.state]:
        raise Conflict(f"A project that is {project.state.value} cannot become {state.value}.")
    if state is ProjectState.OPEN:
        check_ready(uow, project)
        check_may_open(uow, project)
    facts: JsonObject = {"before": project.state.value, "after": state.value}
    project.state = state
    uow.session.add(project)
    _record(uow, actor, Action.PROJECT_STATE_CHANGED, project, facts=facts)
    return project


def change_project(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, change: ProjectChange
) -> Project:
    """Change the rules that are given, and leave the others; the same change twice is one.

    New rules hold from the next task that is handed out. Raise InvalidInput for rules that
    contradict each other, and Conflict for a change that is not safe while the project runs.
    """
    project = locked_project(uow, project_id)
    after = _differing(project, _given(project, change))
    if not after:
        return project
    refuse_unsafe(uow.session.connection(), project, after)
    before = project.model_dump(mode="json", include=set(after))
    limits_before = _limits(project)
    pay_before, floor_before = project.pay_minor, project.pay_floor_minor
    for name, value in after.items():
        setattr(project, name, value)
    check_together(_rules_of(project))
    if "training_questions" in after and project.state is ProjectState.OPEN:
        check_ready(uow, project)
    uow.session.add(project)
    facts: JsonObject = {
        "before": before,
        "after": project.model_dump(mode="json", include=set(after)),
    }
    _record(uow, actor, Action.PROJECT_CHANGED, project, facts=facts)
    if any(now > was for was, now in zip(limits_before, _limits(project), strict=True)):
        # Tasks that were imported or finished under the rules before may have too few places.
        request_job(uow, JobName.OPEN_PLACES, subject_id=project.id, requested_by=actor.id)
    judge_pay(uow, project, pay_before=pay_before, floor_before=floor_before)
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


def instructions_versions(uow: UnitOfWork, *, project_id: UUID) -> Sequence[Instructions]:
    """Return every version of a project's instructions, newest first."""
    statement = select(Instructions).where(Instructions.project_id == project_id)
    return uow.session.exec(statement.order_by(col(Instructions.version).desc())).all()


def locked_project(uow: UnitOfWork, project_id: UUID) -> Project:
    """Return a project as it is now, held until the transaction ends; leases go on meanwhile."""
    statement = (
        select(Project)
        .where(col(Project.id) == project_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return _found(uow.session.exec(statement).first())


def _given(project: Project, change: ProjectChange) -> Mapping[str, object]:
    """Return what a change gives, with the answer schema and the watch rules in full form."""
    given = change.model_dump(exclude_unset=True)
    if "watch" in given:
        given["watch"] = change.watch.model_dump(mode="json")
    if "answer_schema" in given or "task_type" in given:
        kind = task_type_of(given.get("task_type", project.task_type))
        given["answer_schema"] = kind.check_schema(
            given.get("answer_schema", project.answer_schema)
        )
    return given


def _differing(project: Project, given: Mapping[str, object]) -> dict[str, object]:
    stored = project.model_dump(include=set(given))
    # A project that says nothing of it watches by the rules of the house.
    stored["watch"] = watch_rules(project.watch).model_dump(mode="json")
    return {name: value for name, value in given.items() if stored[name] != value}


def _rules_of(project: Project) -> ProjectRules:
    return ProjectRules.model_validate(project.model_dump(include=set(ProjectRules.model_fields)))


def _limits(project: Project) -> tuple[float, ...]:
    """Return what ends the asking for labels; where one of them is raised, more may be wanted."""
    budget = inf if project.budget_labels is None else project.budget_labels
    return (project.floor, project.ceiling, project.confidence, budget)


def _found(project: Project | None) -> Project:
    if project is None:
        raise NotFound("There is no such project.")
    return project


def _project_from(draft: ProjectDraft, schema: JsonObject, actor: Actor) -> Project:
    given = draft.model_dump(exclude={"instructions", "answer_schema", "watch"})
    return Project(
        **given,
        watch=draft.watch.model_dump(mode="json"),
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
