"""The addresses of the documentation."""

from collections.abc import Callable
from typing import cast

from flask import Blueprint, current_app, render_template

from folkmoot.identity.access import public
from folkmoot.kernel.json_values import JsonObject
from folkmoot.web.docs.description import Description, schemas_of, sections_of
from folkmoot.web.docs.problems import problems as all_problems

blueprint = Blueprint("docs", __name__, url_prefix="/docs")

# Where the application keeps the function that describes the API; pages may not import the API.
DESCRIBE = "openapi"


@blueprint.get("/api")
@public
def api() -> str:
    """Show what the API can do, from its own description."""
    describe = cast("Callable[[], JsonObject]", current_app.extensions[DESCRIBE])
    description = Description.model_validate(describe())
    return render_template(
        "docs/api.html",
        server=description.servers[0].url,
        sections=sections_of(description),
        schemas=schemas_of(description),
    )


@blueprint.get("/problems")
@public
def problems() -> str:
    """Show what each refusal means."""
    return render_template("docs/problems.html", problems=all_problems())
