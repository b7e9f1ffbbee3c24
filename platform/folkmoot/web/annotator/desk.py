"""What the labelling page asks for: a task, a receipt for an answer, an answer back."""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from crowd.admission import flag_words
from crowd.annotating import today_of
from crowd.labelling import SubmittedLabel, changeable_label, revise_label, submit_label
from crowd.leasing import LeasedTask, held_leases, next_lease, release_leases
from crowd.models import Fate
from crowd.sittings import beat
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import Conflict, NotNow
from folkmoot.kernel.idempotency import keep_answer, kept_answer
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.annotator.desk_bodies import (
    Beat,
    Change,
    HandedTask,
    Heartbeat,
    KeptLabel,
    NewAnswer,
    NextTask,
    Receipt,
    TakenBack,
    Today,
    TrainingFeedback,
)
from folkmoot.web.annotator.label_page import offered_project
from folkmoot.web.money import sums_text

NOTHING_WAITS = "You have answered everything that waits for you here. Thank you."
CAME_LATE = "Somebody else answered this one meanwhile. Your answer is kept and paid."
WAS_RIGHT = "That one was a check, and your answer agrees."
WAS_OTHER = "That one was a check with another answer. You find it, and may contest it, at My work."


def hand_task(uow: UnitOfWork, actor: Actor, *, slug: str, hold: Sequence[UUID]) -> NextTask:
    """Return a task that the page does not have: one that it lost by a reload, or the next."""
    return _lost_or_next(uow, actor, offered_project(uow, slug).id, hold)


def take_answer(uow: UnitOfWork, actor: Actor, body: NewAnswer) -> Receipt:
    """Keep an answer and return its receipt, with the next task where the page wants one."""
    submitted = submit_label(
        uow,
        annotator_id=actor.id,
        lease_id=body.lease_id,
        answer=body.answer,
        active_seconds=body.active_seconds,
        note=body.note,
    )
    project_id = submitted.label.project_id
    wanted = None if body.hold is None else _lost_or_next(uow, actor, project_id, body.hold)
    return Receipt(label=_kept(submitted), today=_today(uow, actor), next=wanted)


def change_answer(uow: UnitOfWork, actor: Actor, body: Change) -> Receipt:
    """Put an answer in the place of an earlier one; what was sent before is answered as then."""
    digest = sha256(body.model_dump_json().encode()).hexdigest()
    kept = kept_answer(uow, account_id=actor.id, key=body.idempotency_key, request_digest=digest)
    if kept is not None:
        return Receipt.model_validate_json(kept.body)
    label = revise_label(uow, actor, label_id=body.label_id, answer=body.answer)
    receipt = Receipt(label=KeptLabel(id=label.id, message="Changed."), today=_today(uow, actor))
    keep_answer(
        uow,
        account_id=actor.id,
        key=body.idempotency_key,
        request_digest=digest,
        status=200,
        body=receipt.model_dump_json(),
    )
    return receipt


def take_back(uow: UnitOfWork, actor: Actor, *, label_id: UUID) -> TakenBack:
    """Return an answer that may be changed; nothing is lost if the new one never comes."""
    label = changeable_label(uow, actor, label_id=label_id)
    return TakenBack(previous_answer=label.answer)


def give_back(uow: UnitOfWork, actor: Actor, *, lease_ids: Sequence[UUID]) -> None:
    """Let others have the tasks that a page had fetched ahead, while its annotator rests."""
    release_leases(uow, annotator_id=actor.id, lease_ids=lease_ids)


def take_sign_of_life(uow: UnitOfWork, actor: Actor, body: Heartbeat) -> Beat:
    """Keep the page's tasks, count the time of whoever works at it, and say when to rest."""
    heard = beat(uow, annotator_id=actor.id, lease_ids=body.lease_ids, is_active=body.is_active)
    return Beat(
        lease_ids=list(heard.leases),
        seconds_since_break=heard.seconds_since_break,
        notice=heard.notice,
    )


def _lost_or_next(
    uow: UnitOfWork, actor: Actor, project_id: UUID, hold: Sequence[UUID]
) -> NextTask:
    leases = held_leases(uow, project_id=project_id, annotator_id=actor.id)
    lost = next((lease for lease in leases if lease.lease_id not in hold), None)
    return _handed(lost) if lost else _next(uow, actor, project_id)


def _next(uow: UnitOfWork, actor: Actor, project_id: UUID) -> NextTask:
    try:
        leased = next_lease(uow, project_id=project_id, annotator_id=actor.id)
    except Conflict as refusal:
        # The answer that came with the wish is kept all the same.
        retry_at = refusal.retry_at if isinstance(refusal, NotNow) else None
        return NextTask(lease=None, message=refusal.message, code=refusal.code, retry_at=retry_at)
    return NextTask(lease=None, message=NOTHING_WAITS) if leased is None else _handed(leased)


def _handed(leased: LeasedTask) -> NextTask:
    return NextTask(
        lease=HandedTask(
            id=leased.lease_id,
            payload=leased.payload,
            schema=leased.answer_schema,
            instructions_version=leased.instructions_version,
            suggestion=leased.suggestion,
            content_warning=flag_words(leased.content_flags),
            is_training=leased.is_training,
        )
    )


def _today(uow: UnitOfWork, actor: Actor) -> Today:
    done = today_of(uow, annotator_id=actor.id)
    return Today(earned_text=sums_text(done.earned_minor, otherwise="–"))


def _kept(submitted: SubmittedLabel) -> KeptLabel:
    feedback = submitted.feedback
    return KeptLabel(
        id=submitted.label.id,
        message=_message_after(submitted),
        notice=submitted.notice,
        feedback=None if feedback is None else TrainingFeedback.model_validate(feedback),
    )


def _message_after(submitted: SubmittedLabel) -> str | None:
    if submitted.feedback is not None:
        return None
    if submitted.was_right is not None:
        return WAS_RIGHT if submitted.was_right else WAS_OTHER
    return CAME_LATE if submitted.label.fate is Fate.SURPLUS else None
