"""The team's pages: from tasks to a data set and a model that one can trust."""

from folkmoot.web.team import (
    annotator_routes,
    appeal_routes,
    data_set_routes,
    import_routes,
    model_routes,
    payment_routes,
    project_routes,
    project_settings_routes,
    task_routes,
)
from folkmoot.web.team.blueprint import blueprint

# Each of these modules adds its addresses to the one blueprint.
ROUTES = (
    project_routes,
    project_settings_routes,
    import_routes,
    task_routes,
    annotator_routes,
    appeal_routes,
    data_set_routes,
    model_routes,
    payment_routes,
)

__all__ = ["blueprint"]
