"""Rules that an officer sets for a project: what a person must see, and what may go live."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from operator import ge, gt, le, lt
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from audit.actions import Action
from audit.recording import record
from crowd.projects import locked_project, project_by_id
from crowd.text import PlainText
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM_ID, Actor
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork
from governance.grouping import GroupField
from governance.models import Policy
from governance.payloads import number_in


class Operator(StrEnum):
    """How a condition compares a field with its value."""

    EQUALS = "equals"
    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"


ORDERED = {
    Operator.ABOVE: (gt, "above"),
    Operator.AT_LEAST: (ge, "at least"),
    Operator.BELOW: (lt, "below"),
    Operator.AT_MOST: (le, "at most"),
}


class Condition(BaseModel):
    """One statement about a case's payload, such as "age is at least 70"."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    field: PlainText = Field(min_length=1, max_length=100)
    operator: Operator
    value: bool | float | PlainText

    @model_validator(mode="after")
    def _order_needs_a_number(self) -> "Condition":
        if self.operator in ORDERED and not isinstance(self.value, float):
            raise ValueError("Above, at least, below and at most compare with a number.")
        return self

    @property
    def sentence(self) -> str:
        """Say the condition to a person."""
        comparison = ORDERED[self.operator][1] + " " if self.operator in ORDERED else ""
        value = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.field} is {comparison}{value}"

    def holds(self, payload: Mapping[str, Json]) -> bool:
        """Say whether a case meets the condition."""
        number = number_in(payload, self.field)
        if self.operator in ORDERED:
            # Where the number is missing nobody can tell that the stakes are low.
            return number is None or ORDERED[self.operator][0](number, self.value)
        if isinstance(self.value, float):
            return number == self.value
        return payload.get(self.field) == self.value


class GateRule(BaseModel):
    """What a new version must show before anyone may promote it; declared before it is trained.

    `max_error_increase` is a margin of non-inferiority: the upper end of the 95 % interval of the
    increase in error must not exceed it. `max_gap_increase` bounds how much further apart the
    error rates of two groups may move. Without `groups`, the project's own are taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_error_increase: float = Field(default=0.05, ge=0, le=1, strict=True)
    max_gap_increase: float = Field(default=0.1, ge=0, le=1, strict=True)
    smallest_group: int = Field(default=30, ge=5, le=100_000, strict=True)
    groups: tuple[GroupField, ...] = Field(default=(), max_length=10)


class PolicyDraft(BaseModel):
    """The rules of one project. A `hold_below` of 1 sends every case to a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold_below: float = Field(gt=0, le=1, strict=True)
    high_stakes: tuple[Condition, ...] = Field(default=(), max_length=50)
    review_minutes: int = Field(default=480, ge=1, le=60 * 24 * 90, strict=True)
    shortest_reason: int = Field(default=10, ge=1, le=1000, strict=True)
    gate: GateRule = GateRule()

    def hold_reasons(self, *, payload: Mapping[str, Json], probability: float) -> list[str]:
        """Say in sentences why a person must see this case; none where the model may decide."""
        reasons = [
            f"High stakes: {condition.sentence}." for condition in self.met_high_stakes(payload)
        ]
        if self.hold_below >= 1:
            reasons.append("The policy sends every case to a person.")
        elif probability < self.hold_below:
            reasons.append(
                f"The model is {probability:.0%} sure; below {self.hold_below:.0%} "
                "the policy asks a person."
            )
        return reasons

    def met_high_stakes(self, payload: Mapping[str, Json]) -> list[Condition]:
        """Return the high-stakes conditions that a case meets."""
        return [condition for condition in self.high_stakes if condition.holds(payload)]


# Until an officer has set a policy no model decides alone.
UNSET_VERSION: Literal[0] = 0
UNSET = PolicyDraft(hold_below=1)


def set_policy(uow: UnitOfWork, actor: Actor, *, project_id: UUID, draft: PolicyDraft) -> Policy:
    """Set the next version of a project's policy; it counts from the next decision on."""
    locked_project(uow, project_id)  # so that versions are numbered one after another
    before = current_policy(uow, project_id)
    policy = _policy(project_id, before.version + 1, draft, set_by=actor.id)
    uow.session.add(policy)
    record(
        uow,
        actor,
        Action.POLICY_SET,
        subject_type="project",
        subject_id=project_id,
        project_id=project_id,
        facts={
            "version": policy.version,
            "before": _as_json(rules_of(before)),
            "after": _as_json(draft),
        },
    )
    return policy


def current_policy(uow: UnitOfWork, project_id: UUID) -> Policy:
    """Return the policy in force; version 0, which holds every case, where none was set."""
    project_by_id(uow, project_id=project_id)
    newest = uow.session.exec(_versions(project_id).limit(1)).first()
    return newest or _policy(project_id, UNSET_VERSION, UNSET, set_by=PLATFORM_ID)


def policies_of(uow: UnitOfWork, project_id: UUID) -> Sequence[Policy]:
    """Return every version of a project's policy, the newest first."""
    return uow.session.exec(_versions(project_id)).all()


def rules_of(policy: Policy) -> PolicyDraft:
    """Return the typed rules that a policy row holds."""
    return PolicyDraft.model_validate(policy.model_dump(include={*PolicyDraft.model_fields}))


def _versions(project_id: UUID) -> SelectOfScalar[Policy]:
    return (
        select(Policy)
        .where(col(Policy.project_id) == project_id)
        .order_by(col(Policy.version).desc())
    )


def _policy(project_id: UUID, version: int, draft: PolicyDraft, *, set_by: UUID) -> Policy:
    return Policy(
        project_id=project_id,
        version=version,
        hold_below=draft.hold_below,
        high_stakes=[condition.model_dump(mode="json") for condition in draft.high_stakes],
        review_minutes=draft.review_minutes,
        shortest_reason=draft.shortest_reason,
        gate=draft.gate.model_dump(mode="json"),
        set_by=set_by,
        set_at=clock.now(),
    )


def _as_json(draft: PolicyDraft) -> JsonObject:
    return draft.model_dump(mode="json")
