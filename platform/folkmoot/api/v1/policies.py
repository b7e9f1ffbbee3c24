"""Policies: the rules that an officer sets for decisions and promotions."""

from datetime import datetime
from uuid import UUID

from folkmoot.api.operations import Api, Call, View
from folkmoot.identity.permissions import Permission
from folkmoot.kernel.json_values import Json, JsonObject
from governance import policies
from governance.models import Policy
from governance.policies import PolicyDraft

api = Api("policies")


class PolicyView(View):
    """One version of a project's rules."""

    project_id: UUID
    version: int
    hold_below: float
    high_stakes: list[Json]
    review_minutes: int
    shortest_reason: int
    gate: JsonObject
    set_at: datetime


@api.put("/projects/<uuid:project_id>/policy", access=Permission.SET_POLICY, shows=PolicyView)
def set_policy(call: Call, project_id: UUID, body: PolicyDraft) -> Policy:
    """Set the next version of a project's policy."""
    return policies.set_policy(call.uow, call.actor, project_id=project_id, draft=body)


@api.get("/projects/<uuid:project_id>/policy", access=Permission.READ_DECISIONS, shows=PolicyView)
def get_policy(call: Call, project_id: UUID) -> Policy:
    """Return the policy in force."""
    return policies.current_policy(call.uow, project_id)
