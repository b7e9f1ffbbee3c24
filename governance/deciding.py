"""Decide submitted cases: read the batch, score it, store what is released and what is held.

Imported by jobs only: it loads scikit-learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.projects import project_by_id
from crowd.task_types import nominal_type_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.outbox import WorkState
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.decisions import CaseDraft, batch_by_id
from governance.facts import NOT_YET_RECORDED, decision_facts, decision_personal
from governance.model_files import load_model
from governance.models import Decision, DecisionBatch, DecisionState
from governance.policies import PolicyDraft, current_policy, rules_of
from governance.registry import active_version
from governance.scoring import Score, score


@dataclass(frozen=True)
class BatchProblem:
    """All that deciding a batch needs; after this, no database.

    `answer_of` gives the answer that each class stands for.
    """

    batch_id: UUID
    model_version_id: UUID
    model_file: bytes
    policy_version: int
    rules: PolicyDraft
    answer_of: dict[str, Json]
    cases: tuple[CaseDraft, ...]


@dataclass(frozen=True)
class Proposal:
    """What the model proposes for one case, and why a person must see it, if one must."""

    case: CaseDraft
    answer: Json
    probability: float
    explanation: list[Json]
    is_high_stakes: bool
    hold_reason: str


def load_batch(uow: UnitOfWork, artifacts: ArtifactStore, *, batch_id: UUID) -> BatchProblem:
    """Read a batch, the version that is active now, and the policy in force."""
    batch = batch_by_id(uow, batch_id)
    version = active_version(uow, batch.model_id)
    if version is None:
        raise Conflict("No version of this model is active any more.")
    project = project_by_id(uow, project_id=batch.project_id)
    kind = nominal_type_of(project.task_type)
    policy = current_policy(uow, project.id)
    return BatchProblem(
        batch_id=batch.id,
        model_version_id=version.id,
        model_file=artifacts.get(version.artifact_digest),
        policy_version=policy.version,
        rules=rules_of(policy),
        answer_of={name: kind.answer_of(name) for name in kind.classes(project.answer_schema)},
        cases=tuple(CaseDraft.model_validate(case) for case in batch.cases),
    )


def decide(problem: BatchProblem) -> tuple[Proposal, ...]:
    """Score the cases and hold those that the policy wants a person to see: pure."""
    scores = score(load_model(problem.model_file), [case.payload for case in problem.cases])
    return tuple(
        _proposal(problem, case, found) for case, found in zip(problem.cases, scores, strict=True)
    )


def store_decisions(
    uow: UnitOfWork, *, problem: BatchProblem, proposals: Sequence[Proposal]
) -> DecisionBatch:
    """Store what was proposed, with an entry each; a second run of the same job changes nothing.

    A case that this version has decided before is counted as known and keeps its decision.
    """
    batch = uow.session.exec(
        select(DecisionBatch).where(col(DecisionBatch.id) == problem.batch_id).with_for_update()
    ).one()
    if batch.state is WorkState.FINISHED:
        return batch
    known = _known_cases(uow, problem)
    new = [proposal for proposal in proposals if proposal.case.case_ref not in known]
    for proposal in new:
        _store(uow, batch, problem, proposal)
    batch.held = sum(bool(proposal.hold_reason) for proposal in new)
    batch.released = len(new) - batch.held
    batch.known = len(proposals) - len(new)
    batch.state = WorkState.FINISHED
    return batch


def _proposal(problem: BatchProblem, case: CaseDraft, found: Score) -> Proposal:
    reasons = [f"The case has no number in the field {name!r}." for name in found.missing]
    reasons += problem.rules.hold_reasons(payload=case.payload, probability=found.probability)
    return Proposal(
        case=case,
        answer=problem.answer_of[found.answer],
        probability=found.probability,
        explanation=found.explanation(),
        is_high_stakes=bool(problem.rules.met_high_stakes(case.payload)),
        hold_reason=" ".join(reasons),
    )


def _known_cases(uow: UnitOfWork, problem: BatchProblem) -> set[str]:
    return set(
        uow.session.exec(
            select(Decision.case_ref).where(
                col(Decision.model_version_id) == problem.model_version_id,
                col(Decision.case_ref).in_([case.case_ref for case in problem.cases]),
            )
        ).all()
    )


def _store(
    uow: UnitOfWork, batch: DecisionBatch, problem: BatchProblem, proposal: Proposal
) -> None:
    decision = _decision(batch, problem, proposal)
    held = decision.state is DecisionState.HELD
    entry = record(
        uow,
        PLATFORM,
        Action.DECISION_HELD if held else Action.DECISION_RELEASED,
        subject_type="decision",
        subject_id=decision.id,
        project_id=decision.project_id,
        facts=decision_facts(decision),
        personal=decision_personal(decision),
    )
    decision.audit_entry_id = entry.id
    uow.session.add(decision)


def _decision(batch: DecisionBatch, problem: BatchProblem, proposal: Proposal) -> Decision:
    now = clock.now()
    held = bool(proposal.hold_reason)
    return Decision(
        id=new_id(),
        project_id=batch.project_id,
        model_version_id=problem.model_version_id,
        policy_version=problem.policy_version,
        case_ref=proposal.case.case_ref,
        payload=dict(proposal.case.payload),
        proposed=proposal.answer,
        probability=proposal.probability,
        explanation=proposal.explanation,
        is_high_stakes=proposal.is_high_stakes,
        hold_reason=proposal.hold_reason,
        audit_entry_id=NOT_YET_RECORDED,
        state=DecisionState.HELD if held else DecisionState.RELEASED,
        outcome=None if held else proposal.answer,
        created_at=now,
        due_at=now + timedelta(minutes=problem.rules.review_minutes) if held else None,
        settled_at=None if held else now,
    )
