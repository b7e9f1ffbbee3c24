"""Open what an operator's command works on, and make nothing where nothing was."""

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.schema import require_current_schema
from folkmoot.kernel.settings import Settings, load_settings


def open_services(settings: Settings | None = None) -> Services:
    """Return the services of a database that is there and fits this version."""
    chosen = settings or load_settings()
    require_current_schema(make_engine(chosen.database_url))
    return bootstrap(chosen)
