"""Human review of decisions: a claim, what was shown, and one of four acts with its reason."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from audit.actions import Action
from audit.recording import record
from crowd.expert_labels import add_expert_label
from crowd.projects import project_by_id
from crowd.task_types import task_type_of
from crowd.text import refuse_null
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.facts import NOT_YET_RECORDED, review_facts, review_personal
from governance.models import Act, CaseView, Decision, DecisionState, ReasonCode, Review
from governance.policies import current_policy
from governance.review.waiting import locked_decision, refuse_claimed_by_another

LONGEST_REASON = 5000

ENTRY_OF = {
    Act.CONFIRM: Action.REVIEW_CONFIRMED,
    Act.OVERRIDE: Action.REVIEW_OVERRIDDEN,
    Act.DISREGARD: Action.REVIEW_DISREGARDED,
    Act.REVERSE: Action.REVIEW_REVERSED,
}
STATE_AFTER = {
    Act.CONFIRM: DecisionState.CONFIRMED,
    Act.OVERRIDE: DecisionState.OVERRIDDEN,
    Act.DISREGARD: DecisionState.DISREGARDED,
    Act.REVERSE: DecisionState.REVERSED,
}
# Only what has taken effect can be reversed.
EXECUTED = frozenset(
    {
        DecisionState.RELEASED,
        DecisionState.CONFIRMED,
        DecisionState.OVERRIDDEN,
        DecisionState.REVERSED,
    }
)


def review_decision(
    uow: UnitOfWork,
    actor: Actor,
    *,
    decision_id: UUID,
    case_view_id: UUID,
    act: Act,
    answer: Json | None = None,
    reason_codes: Sequence[ReasonCode] = (),
    reason_text: str = "",
) -> Review:
    """Act on a decision, record it, and let what the reviewer answered join the labels."""
    decision = locked_decision(uow, decision_id)
    view = _own_view(uow, actor, decision, case_view_id)
    _refuse_act_in_state(actor, decision, act)
    after = _answer_after(uow, decision, act, answer)
    codes, text = _checked_reason(uow, decision, act, reason_codes, reason_text)
    review = Review(
        id=new_id(),
        decision_id=decision.id,
        case_view_id=view.id,
        reviewer_id=actor.id,
        act=act,
        before=_standing_answer(decision),
        after=after,
        reason_codes=codes,
        reason_text=text,
        seconds=round((clock.now() - view.shown_at).total_seconds(), 3),
        audit_entry_id=NOT_YET_RECORDED,
        decided_at=clock.now(),
    )
    _store(uow, actor, review, view, decision)
    return review


def reviews_of(uow: UnitOfWork, decision_id: UUID) -> Sequence[Review]:
    """Return every act on a decision, the first one first."""
    return uow.session.exec(
        select(Review).where(col(Review.decision_id) == decision_id).order_by(col(Review.id))
    ).all()


def _own_view(uow: UnitOfWork, actor: Actor, decision: Decision, case_view_id: UUID) -> CaseView:
    view = uow.session.get(CaseView, case_view_id)
    if view is None or view.decision_id != decision.id or view.reviewer_id != actor.id:
        raise NotFound("This case was not shown to you; open it first.")
    used = select(Review.id).where(col(Review.case_view_id) == view.id)
    if uow.session.exec(used).first() is not None:
        raise Conflict("You have acted on this view of the case; open it again to act again.")
    return view


def _refuse_act_in_state(actor: Actor, decision: Decision, act: Act) -> None:
    if act is Act.REVERSE:
        if decision.state not in EXECUTED:
            raise Conflict("Only an outcome that has taken effect can be reversed.")
        return
    if decision.state is not DecisionState.HELD:
        raise Conflict(f"This decision is already settled: it was {decision.state}.")
    refuse_claimed_by_another(actor, decision)


def _standing_answer(decision: Decision) -> Json:
    """Return what the act changes: the outcome if there is one, else the proposal."""
    return decision.proposed if decision.outcome is None else decision.outcome


def _answer_after(
    uow: UnitOfWork, decision: Decision, act: Act, answer: Json | None
) -> Json | None:
    standing = _standing_answer(decision)
    if act is Act.DISREGARD:
        _refuse_answer(answer is not None, "A decision that is disregarded gets no answer.")
        return None
    if act is Act.CONFIRM:
        differs = answer is not None and answer != standing
        _refuse_answer(differs, "Another answer is no confirmation; override instead.")
        return standing
    _refuse_answer(answer is None, "Say which answer is right.")
    project = project_by_id(uow, project_id=decision.project_id)
    kind = task_type_of(project.task_type)
    kind.check_answer(project.answer_schema, answer, decision.payload)
    _refuse_answer(answer == standing, "That is a confirmation: the answer is the same as before.")
    return answer


def _refuse_answer(refused: bool, sentence: str) -> None:
    if refused:
        raise InvalidInput(sentence, fields=[FieldProblem("/answer", sentence)])


def _checked_reason(
    uow: UnitOfWork,
    decision: Decision,
    act: Act,
    codes: Sequence[ReasonCode],
    text: str,
) -> tuple[list[str], str]:
    text = text.strip()
    refuse_null(text, "/reason_text")
    if len(text) > LONGEST_REASON:
        raise _bad_reason(f"A reason has at most {LONGEST_REASON} characters.")
    if act is not Act.CONFIRM:
        shortest = current_policy(uow, decision.project_id).shortest_reason
        if len(text) < shortest:
            raise _bad_reason(f"Give a reason of at least {shortest} characters.")
        if not codes:
            sentence = "Choose at least one reason code."
            raise InvalidInput(sentence, fields=[FieldProblem("/reason_codes", sentence)])
    # Named once each, in the order of the list, so that the same reasons read the same.
    return [code.value for code in ReasonCode if code in codes], text


def _bad_reason(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields=[FieldProblem("/reason_text", sentence)])


def _store(
    uow: UnitOfWork, actor: Actor, review: Review, view: CaseView, decision: Decision
) -> None:
    entry = record(
        uow,
        actor,
        ENTRY_OF[review.act],
        subject_type="decision",
        subject_id=decision.id,
        project_id=decision.project_id,
        facts=review_facts(review, view, decision),
        personal=review_personal(review, view),
    )
    review.audit_entry_id = entry.id
    uow.session.add(review)
    _settle(decision, review)
    if review.after is not None:
        add_expert_label(
            uow,
            actor,
            project_id=decision.project_id,
            external_id=decision.case_ref,
            payload=decision.payload,
            answer=review.after,
        )


def _settle(decision: Decision, review: Review) -> None:
    decision.state = STATE_AFTER[review.act]
    decision.outcome = review.after
    decision.settled_at = review.decided_at
    decision.claimed_by = decision.claimed_until = None
