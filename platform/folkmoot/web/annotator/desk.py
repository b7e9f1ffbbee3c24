"""What the labelling page asks for: a task, a receipt for an answer, an answer back."""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from crowd.annotating import today_of
from crowd.labelling import SubmittedLabel, changeable_label, revise_label, submit_label
from crowd.leasing import LeasedTask, held_leases, next_lease
from crowd.models import Fate
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.idempotency import keep_answer, kept_answer
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.web.annotator.desk_bodies import (
    Change,
    HandedTask,
    KeptLabel,
    NewAnswer,
    NextTask,
    Receipt,
    TakenBack,
    Today,
)
from folkmoot.web.annotator.label_page import offered_project
from folkmoot.web.money import sums_text

NOTHING_WAITS = "You have answered everything that waits for you here. Thank you."
CAME_LATE = "Somebody else answered this one meanwhile. Your answer is kept and paid."
WAS_RIGHT = "That one was a check, and your answer agrees."
WAS_OTHER = "That one was a check with another answer. You find it, and may contest it, at My work."


def hand_task(uow: UnitOfWork, actor: Actor, *, slug: str, hold: Sequence[UUID]) -> NextTask:
    """Return a task that the page does not have: one that it lost by a reload, or the next."""
    project = offered_project(uow, slug)
    leases = held_leases(uow, project_id=project.id, annotator_id=actor.id)
    lost = next((lease for lease in leases if lease.lease_id not in hold), None)
    leased = lost or next_lease(uow, project_id=project.id, annotator_id=actor.id)
    return NextTask(lease=None, message=NOTHING_WAITS) if leased is None else _handed(leased)


def take_answer(uow: UnitOfWork, actor: Actor, body: NewAnswer) -> Receipt:
    """Keep an answer and return its receipt."""
    submitted = submit_label(
        uow,
        annotator_id=actor.id,
        lease_id=body.lease_id,
        answer=body.answer,
        active_seconds=body.active_seconds,
    )
    return _receipt(uow, actor, submitted.label.id, _message_after(submitted))


def change_answer(uow: UnitOfWork, actor: Actor, body: Change) -> Receipt:
    """Put an answer in the place of an earlier one; what was sent before is answered as then."""
    digest = sha256(body.model_dump_json().encode()).hexdigest()
    kept = kept_answer(uow, account_id=actor.id, key=body.idempotency_key, request_digest=digest)
    if kept is not None:
        return Receipt.model_validate_json(kept.body)
    label = revise_label(uow, actor, label_id=body.label_id, answer=body.answer)
    receipt = _receipt(uow, actor, label.id, "Changed.")
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


def _handed(leased: LeasedTask) -> NextTask:
    return NextTask(
        lease=HandedTask(
            id=leased.lease_id,
            payload=leased.payload,
            instructions_version=leased.instructions_version,
        )
    )


def _receipt(uow: UnitOfWork, actor: Actor, label_id: UUID, message: str | None) -> Receipt:
    done = today_of(uow, annotator_id=actor.id)
    return Receipt(
        label=KeptLabel(id=label_id, message=message),
        today=Today(
            earned_text=sums_text(done.earned_minor, otherwise="–"),
            minutes=round(done.active_seconds / 60),
        ),
    )


def _message_after(submitted: SubmittedLabel) -> str | None:
    if submitted.was_right is not None:
        return WAS_RIGHT if submitted.was_right else WAS_OTHER
    return CAME_LATE if submitted.label.fate is Fate.SURPLUS else None
