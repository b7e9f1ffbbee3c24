"""Show a case to a reviewer, and keep what exactly was shown."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.canonical import digest
from audit.recording import record
from crowd.projects import project_by_id
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.calibration import likeness_sentence
from governance.models import CaseView, Decision, Review
from governance.policies import current_policy
from governance.registry import model_by_id, version_by_id
from governance.review.waiting import CLAIM, claim


@dataclass(frozen=True)
class ShownCase:
    """A decision as a reviewer sees it; `digest` is the SHA-256 of `shown` in canonical form."""

    decision: Decision
    view: CaseView
    shown: JsonObject

    @property
    def digest(self) -> str:
        """Return the digest that the review will be recorded with."""
        return self.view.shown_digest


def show_case(uow: UnitOfWork, actor: Actor, *, decision_id: UUID) -> ShownCase:
    """Claim a case, and return what is shown of it; seeing it is recorded.

    Looking again at the same content continues the same view, so that its time is counted once.
    """
    decision = claim(uow, actor, decision_id=decision_id)
    shown = _what_is_shown(uow, decision)
    view = _open_view(uow, actor, decision, digest(shown))
    return ShownCase(decision, view, shown)


def _what_is_shown(uow: UnitOfWork, decision: Decision) -> JsonObject:
    version = version_by_id(uow, decision.model_version_id)
    project = project_by_id(uow, project_id=decision.project_id)
    return {
        "case_ref": decision.case_ref,
        "payload": decision.payload,
        "project": project.title,
        "answer_schema": project.answer_schema,
        "model": model_by_id(uow, version.model_id).name,
        "model_version": version.number,
        "proposed": decision.proposed,
        "probability": decision.probability,
        "likeness": likeness_sentence(version, decision.probability),
        "explanation": decision.explanation,
        "hold_reason": decision.hold_reason,
        "is_high_stakes": decision.is_high_stakes,
        "standing_outcome": decision.outcome,
        "shortest_reason": current_policy(uow, decision.project_id).shortest_reason,
    }


def _open_view(uow: UnitOfWork, actor: Actor, decision: Decision, shown: str) -> CaseView:
    recent = uow.session.exec(
        select(CaseView)
        .where(
            col(CaseView.decision_id) == decision.id,
            col(CaseView.reviewer_id) == actor.id,
            col(CaseView.shown_digest) == shown,
            col(CaseView.shown_at) > clock.now() - CLAIM,
            col(CaseView.id).not_in(select(Review.case_view_id)),
        )
        .order_by(col(CaseView.id).desc())
    ).first()
    return recent or _new_view(uow, actor, decision, shown)


def _new_view(uow: UnitOfWork, actor: Actor, decision: Decision, shown: str) -> CaseView:
    view = CaseView(
        decision_id=decision.id,
        reviewer_id=actor.id,
        shown_digest=shown,
        shown_at=clock.now(),
    )
    uow.session.add(view)
    record(
        uow,
        actor,
        Action.CASE_SHOWN,
        subject_type="decision",
        subject_id=decision.id,
        project_id=decision.project_id,
        facts={"case_view": str(view.id)},
        # Who knows all possible cases finds by its digest which one was shown.
        personal={"shown_digest": shown},
    )
    return view
