"""A live server with the whole application, and how a client of it is made to lose answers."""

# The fixtures are the API's own; pytest finds them by their names here.
from ..api.conftest import (  # noqa: F401
    app,
    live_url,
    migrated,
    open_project,
    person,
    run_jobs,
    services,
    team,
)
