"""The audit log: entries, receipts, checkpoint, verification."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from audit import searching
from audit.actions import Action
from audit.models import Entry
from audit.protected_reads import receipt_for
from folkmoot.api.operations import Api, Call, PageQuery, PageView, View
from folkmoot.api.v1.jobs import JobView
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.outbox import Job, JobName, request_job
from folkmoot.kernel.pagination import Page

api = Api("log")


class EntryQuery(PageQuery):
    """Which entries are wanted."""

    action: Action | None = None
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    project_id: UUID | None = None


class EntryView(View):
    """One entry of the log."""

    id: UUID
    action: Action
    actor_id: UUID
    actor_sequence: int
    subject_type: str
    subject_id: UUID
    project_id: UUID | None
    recorded_at: datetime
    leaf_index: int | None


class ReceiptQuery(BaseModel):
    """Which personal texts a receipt is to disclose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: str | None = None

    @property
    def chosen(self) -> list[str] | None:
        """Return the names that were given, with commas between; None where nothing was said."""
        return None if self.fields is None else [name for name in self.fields.split(",") if name]


class ReceiptView(View):
    """What proves one entry to someone offline."""

    receipt: JsonObject


class VerificationView(View):
    """One check of the whole log and what it found."""

    size: int
    findings: list[Json]
    verified_at: datetime


class WitnessView(View):
    """How a witness stands: what it cosigned last, and what keeps it from more."""

    name: str
    key: str
    size: int
    cosigned_at: datetime | None
    asked_at: datetime | None
    problem: str


class HealthView(View):
    """How the log is: its size, what is not sealed yet, the last check, its witnesses."""

    size: int
    unsealed: int
    checkpoint: str | None
    verifier: str
    last_verification: VerificationView | None
    witnesses: list[WitnessView]


@api.get("/log/entries", access=Permission.READ_LOG, shows=PageView[EntryView])
def list_entries(call: Call, query: EntryQuery) -> Page[Entry]:
    """List entries of the audit log, the newest first."""
    return searching.entries(
        call.uow,
        action=query.action,
        actor_id=query.actor_id,
        subject_id=query.subject_id,
        project_id=query.project_id,
        wanted=query.wanted,
    )


@api.get("/log/entries/<uuid:entry_id>/receipt", access=Permission.READ_LOG, shows=ReceiptView)
def get_receipt(call: Call, entry_id: UUID, query: ReceiptQuery) -> dict[str, JsonObject]:
    """Return what proves an entry: envelope, inclusion proof, signed checkpoint, texts.

    With `fields` only these texts are disclosed, and with `fields=` none; the others stay hidden.
    What is disclosed is recorded: to read the texts of people leaves an entry, too.
    """
    with call.services.unit_of_work() as uow:
        receipt = receipt_for(
            uow,
            call.actor,
            entry_id=entry_id,
            policy=call.services.witness_policy,
            fields=query.chosen,
        )
    return {"receipt": receipt}


@api.get("/log/health", access=Permission.READ_LOG, shows=HealthView)
def get_log_health(call: Call) -> HealthView:
    """Return the log's size, last checkpoint and last verification."""
    health = searching.log_health(call.uow, policy=call.services.witness_policy)
    return HealthView(
        size=health.size,
        unsealed=health.unsealed,
        checkpoint=health.checkpoint,
        verifier=call.services.log_key.verifier,
        last_verification=health.last_verification,
        witnesses=health.witnesses,
    )


@api.post(
    "/log/verifications",
    access=Permission.READ_LOG,
    shows=JobView,
    status=HTTPStatus.ACCEPTED,
)
def verify_log(call: Call) -> Job:
    """Check the whole log and reconcile it with the business rows; a job does it."""
    return request_job(
        call.uow, JobName.VERIFY_LOG, subject_id=new_id(), requested_by=call.actor.id
    )
