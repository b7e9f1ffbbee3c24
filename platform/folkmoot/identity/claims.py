"""What accounts say of themselves: that they were made, and which roles they have."""

from sqlmodel import select

from audit.actions import Action
from audit.row_claims import RecordedRows, StandingRows
from audit.verdicts import ClaimSource
from folkmoot.identity.models import Account, AccountRole
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

_TOLD = frozenset(
    {Action.ACCOUNT_CREATED, Action.ACCOUNT_ROLES_CHANGED, Action.ACCOUNT_DEACTIVATED}
)


def _standing(uow: UnitOfWork, account: Account) -> JsonObject:
    held = select(AccountRole.role).where(AccountRole.account_id == account.id)
    roles: list[Json] = [str(role) for role in sorted(uow.session.exec(held))]
    return {"roles": roles, "openness": account.is_active}


def _after_step(standing: JsonObject, action: Action, facts: JsonObject) -> JsonObject:
    if action is Action.ACCOUNT_DEACTIVATED:
        return {**standing, "openness": False}
    if action is Action.ACCOUNT_ROLES_CHANGED:
        return {**standing, "roles": facts["after"]}
    return {"roles": facts["roles"], "openness": True}


ACCOUNT_CLAIMS: tuple[ClaimSource, ...] = (
    RecordedRows("accounts", Account, Action.ACCOUNT_CREATED, "account", said=lambda _: {}),
    StandingRows("roles", Account, _TOLD, "account", stands=_standing, step=_after_step),
)
