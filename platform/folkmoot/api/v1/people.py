"""Forget a person, or forbid to: erasures, legal holds, and how long things are kept."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from audit import erasure, legal_holds, retention_rules
from audit.models import LegalHold
from folkmoot.api.operations import Api, Call, View
from folkmoot.bootstrap import ERASABLES
from folkmoot.identity.permissions import Permission

api = Api("people")


class NewErasure(BaseModel):
    """Why a person is erased."""

    model_config = ConfigDict(extra="forbid")

    legal_basis: erasure.LegalBasis


class ErasureView(View):
    """What came of an erasure: the entry that tells of it, how much went, what was refused."""

    entry_id: UUID | None
    n_texts: int
    rows: dict[str, int]
    files: list[str]
    refusal: erasure.Refusal | None
    sentence: str


# What the service refuses, so that a client knows it beforehand.
_NOT_BOTH: JsonDict = {
    "not": {
        "properties": {"person_id": {"type": "string"}, "project_id": {"type": "string"}},
        "required": ["person_id", "project_id"],
    }
}


class NewHold(BaseModel):
    """What must not be erased, and why; without a person or a project, nothing at all."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_NOT_BOTH)

    reason: str = Field(min_length=1, max_length=2000)
    person_id: UUID | None = None
    project_id: UUID | None = None


class HoldView(View):
    """A legal hold."""

    id: UUID
    person_id: UUID | None
    project_id: UUID | None
    reason: str
    set_by: UUID
    set_at: datetime
    released_at: datetime | None


class HoldsView(View):
    """The legal holds that stand."""

    items: list[HoldView]


class NewPeriods(BaseModel):
    """For how many days a class of entries and their texts are to be kept, and by which laws."""

    model_config = ConfigDict(extra="forbid")

    entry_days: int = Field(ge=1, le=36_600)
    text_days: int = Field(ge=1, le=36_600)
    laws: list[str] = Field(default_factory=list, max_length=20)


class PeriodsView(View):
    """How long a class is kept, once the laws were asked."""

    entry_days: int
    text_days: int
    text_minimum_days: int


@api.post("/people/<uuid:person_id>/erasure", access=Permission.ERASE_PEOPLE, shows=ErasureView)
def erase_person(call: Call, person_id: UUID, body: NewErasure) -> erasure.Erasure:
    """Erase a person: the holder of an account, or whom a decision or a task is about."""
    return erasure.erase(
        call.uow,
        call.actor,
        person_id=person_id,
        legal_basis=body.legal_basis,
        erasables=ERASABLES,
        forget_file=call.services.artifacts.forget,
    )


@api.get("/legal-holds", access=Permission.ERASE_PEOPLE, shows=HoldsView)
def list_holds(call: Call) -> dict[str, list[LegalHold]]:
    """List the legal holds that stand."""
    return {"items": list(legal_holds.standing_holds(call.uow))}


@api.post("/legal-holds", access=Permission.ERASE_PEOPLE, shows=HoldView)
def set_hold(call: Call, body: NewHold) -> LegalHold:
    """Forbid to erase anything of a person, in a project, or at all."""
    return legal_holds.set_hold(
        call.uow,
        call.actor,
        reason=body.reason,
        person_id=body.person_id,
        project_id=body.project_id,
    )


@api.delete("/legal-holds/<uuid:hold_id>", access=Permission.ERASE_PEOPLE)
def release_hold(call: Call, hold_id: UUID) -> None:
    """Release a legal hold."""
    legal_holds.release_hold(call.uow, call.actor, hold_id=hold_id)


@api.put("/retention/<record_class>", access=Permission.ERASE_PEOPLE, shows=PeriodsView)
def set_retention(call: Call, record_class: str, body: NewPeriods) -> retention_rules.Periods:
    """Set how long a class of entries and their texts are kept."""
    return retention_rules.set_periods(
        call.uow,
        call.actor,
        record_class=retention_rules.class_called(record_class),
        periods=retention_rules.Periods(body.entry_days, body.text_days),
        demands=[retention_rules.demand_called(law) for law in body.laws],
    )
