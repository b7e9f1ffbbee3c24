"""Everything that is kept about an annotator, as a file for themselves."""

import json

from flask import Response

from crowd.own_data import own_data
from folkmoot.identity.accounts import account_of, roles_of
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork


def own_file_of(uow: UnitOfWork, actor: Actor) -> Response:
    """Return the file of one annotator, with their account."""
    account = account_of(uow, actor.id)
    told: JsonObject = {
        "written_at": clock.now().isoformat(timespec="seconds"),
        "account": {
            "id": str(account.id),
            "email": account.email,
            "display_name": account.display_name,
            "roles": [role.value for role in sorted(roles_of(uow, actor.id))],
            "created_at": account.created_at.isoformat(timespec="seconds"),
        },
        **own_data(uow, annotator_id=actor.id),
    }
    text = json.dumps(told, ensure_ascii=False, indent=2)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
