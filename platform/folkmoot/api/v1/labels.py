"""Leases and labels: take the next task, answer it, pass on it."""

from http import HTTPStatus
from uuid import UUID

from crowd import answering, labelling, leasing
from crowd.answering import Answered
from crowd.models import Label
from folkmoot.api.operations import Api, Call
from folkmoot.api.v1.labels_schemas import (
    FeedbackView,
    LabelAndNext,
    LabelView,
    LeaseView,
    NewLabel,
    NextLease,
    Renewed,
    Revision,
    Skip,
)
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.errors import NotFound

api = Api("labels")


@api.post("/projects/<uuid:project_id>/leases", access=Permission.LABEL, shows=NextLease)
def lease_next_task(call: Call, project_id: UUID) -> NextLease:
    """Lease the next task that you may answer and have not answered."""
    return NextLease(lease=_next_lease(call, project_id))


@api.post("/projects/<uuid:project_id>/labels", access=Permission.LABEL, shows=LabelAndNext)
def submit_label(call: Call, project_id: UUID, body: NewLabel) -> LabelAndNext:
    """Answer a leased task and, if asked, lease the next one in the same transaction."""
    answered = (_answer_and_lease if body.lease_next else _answer)(call, body)
    submitted = answered.submitted
    if submitted.label.project_id != project_id:
        raise NotFound("There is no such task of this project among those that you were given.")
    return LabelAndNext(
        label=LabelView.model_validate(submitted.label),
        earned_minor=submitted.earning.amount_minor,
        currency=submitted.earning.currency,
        lease=None if answered.leased is None else LeaseView.model_validate(answered.leased),
        refusal="" if answered.refusal is None else answered.refusal.message,
        notice=submitted.notice,
        feedback=None
        if submitted.feedback is None
        else FeedbackView.model_validate(submitted.feedback),
    )


def _answer_and_lease(call: Call, body: NewLabel) -> Answered:
    return answering.answer_and_lease(
        call.uow,
        annotator_id=call.actor.id,
        lease_id=body.lease_id,
        answer=body.answer,
        active_seconds=body.active_seconds,
        note=body.note,
    )


def _answer(call: Call, body: NewLabel) -> Answered:
    submitted = labelling.submit_label(
        call.uow,
        annotator_id=call.actor.id,
        lease_id=body.lease_id,
        answer=body.answer,
        active_seconds=body.active_seconds,
        note=body.note,
    )
    return Answered(submitted, None)


@api.post("/labels/<uuid:label_id>/revisions", access=Permission.LABEL, shows=LabelView)
def revise_label(call: Call, label_id: UUID, body: Revision) -> Label:
    """Answer again in place of your own recent answer; the earlier one is kept."""
    return labelling.revise_label(call.uow, call.actor, label_id=label_id, answer=body.answer)


@api.put("/leases/<uuid:lease_id>/renewal", access=Permission.LABEL, shows=Renewed)
def renew_lease(call: Call, lease_id: UUID) -> Renewed:
    """Keep a lease for its full time from now on."""
    until = leasing.renew_leases(call.uow, annotator_id=call.actor.id, lease_ids=[lease_id])
    if lease_id not in until:
        raise NotFound("No such lease is yours now; a late answer to your own is kept and paid.")
    return Renewed(expires_at=until[lease_id])


@api.post(
    "/leases/<uuid:lease_id>/skip",
    access=Permission.LABEL,
    shows=None,
    status=HTTPStatus.NO_CONTENT,
)
def skip_task(call: Call, lease_id: UUID, body: Skip) -> None:
    """Pass on a task, with a reason; it goes to somebody else."""
    leasing.skip_lease(call.uow, annotator_id=call.actor.id, lease_id=lease_id, reason=body.reason)


@api.delete("/leases/<uuid:lease_id>", access=Permission.LABEL)
def release_lease(call: Call, lease_id: UUID) -> None:
    """Give a task back unanswered; you may be asked it again."""
    leasing.release_lease(call.uow, annotator_id=call.actor.id, lease_id=lease_id)


def _next_lease(call: Call, project_id: UUID) -> LeaseView | None:
    leased = leasing.next_lease(call.uow, project_id=project_id, annotator_id=call.actor.id)
    # The view leaves the reason out: a gold task must look like any other while it is answered.
    return None if leased is None else LeaseView.model_validate(leased)
