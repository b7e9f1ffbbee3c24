"""Decisions: what a model proposes for submitted cases, and which of them a person must see."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import col, func, select

from audit.actions import Action
from audit.recording import record
from crowd.projects import project_by_id
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound, TooLarge
from folkmoot.kernel.outbox import JobName, WorkState, request_job
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.models import Decision, DecisionBatch, DecisionState
from governance.registry import active_version, model_by_id

MOST_CASES = 1000
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
FieldText = Annotated[str, StringConstraints(max_length=10_000)]
# Beyond these a number has no exact canonical form; a larger one is taken as a float.
ExactInteger = Annotated[int, Field(gt=-(2**53), lt=2**53)]


class CaseDraft(BaseModel):
    """One case to decide: the submitter's own name for it, and what is known of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    case_ref: str = Field(max_length=200, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$")
    payload: dict[FieldName, bool | ExactInteger | float | FieldText | None] = Field(
        min_length=1, max_length=500
    )


def submit_cases(
    uow: UnitOfWork, actor: Actor, *, model_id: UUID, cases: Sequence[CaseDraft]
) -> DecisionBatch:
    """Ask for decisions by a model's active version; the cases are decided as a job."""
    model = model_by_id(uow, model_id)
    if active_version(uow, model_id) is None:
        raise Conflict(f"No version of {model.name!r} is active; promote one first.")
    _refuse_wrong_number(cases)
    _refuse_repeated(cases)
    batch = DecisionBatch(
        project_id=model.project_id,
        model_id=model.id,
        cases=[case.model_dump(mode="json") for case in cases],
        state=WorkState.REQUESTED,
        requested_by=actor.id,
        created_at=clock.now(),
    )
    uow.session.add(batch)
    request_job(uow, JobName.DECIDE_CASES, subject_id=batch.id, requested_by=actor.id)
    record(
        uow,
        actor,
        Action.DECISIONS_REQUESTED,
        subject_type="decision_batch",
        subject_id=batch.id,
        project_id=model.project_id,
        facts={"model": str(model.id), "cases": len(cases)},
    )
    return batch


def batch_by_id(uow: UnitOfWork, batch_id: UUID) -> DecisionBatch:
    """Return a batch of submitted cases, or refuse."""
    batch = uow.session.get(DecisionBatch, batch_id)
    if batch is None:
        raise NotFound("There is no such batch of cases.")
    return batch


def decision_by_id(uow: UnitOfWork, decision_id: UUID) -> Decision:
    """Return a decision, or refuse."""
    decision = uow.session.get(Decision, decision_id)
    if decision is None:
        raise NotFound("There is no such decision.")
    return decision


def decisions(
    uow: UnitOfWork,
    *,
    wanted: PageRequest,
    project_id: UUID | None = None,
    model_version_id: UUID | None = None,
    state: DecisionState | None = None,
) -> Page[Decision]:
    """Return a page of decisions, the newest first."""
    statement = select(Decision)
    if project_id is not None:
        project_by_id(uow, project_id=project_id)
        statement = statement.where(col(Decision.project_id) == project_id)
    if model_version_id is not None:
        statement = statement.where(col(Decision.model_version_id) == model_version_id)
    if state is not None:
        statement = statement.where(col(Decision.state) == state)
    return page_by_id(uow, statement, key=Decision.id, wanted=wanted, newest_first=True)


def counted_decisions(uow: UnitOfWork, version_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many decisions each version took; one that took none is not named."""
    statement = (
        select(col(Decision.model_version_id), func.count())
        .where(col(Decision.model_version_id).in_(set(version_ids)))
        .group_by(col(Decision.model_version_id))
    )
    return dict(uow.session.exec(statement).all())


def _refuse_wrong_number(cases: Sequence[CaseDraft]) -> None:
    if not cases:
        raise InvalidInput("Send at least one case.")
    if len(cases) > MOST_CASES:
        raise TooLarge(f"Send at most {MOST_CASES} cases at once.")


def _refuse_repeated(cases: Sequence[CaseDraft]) -> None:
    seen: set[str] = set()
    for place, case in enumerate(cases):
        if case.case_ref in seen:
            raise InvalidInput(
                f"The case {case.case_ref!r} is there twice.",
                fields=[FieldProblem(f"/cases/{place}/case_ref", "Named before in this request.")],
            )
        seen.add(case.case_ref)
