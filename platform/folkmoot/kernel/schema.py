"""The database's schema: which revision it is at, and how to bring it to this version's."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from folkmoot.kernel.errors import ConfigurationError

# Beside the packages in a checkout, inside ours in an installed wheel.
_PLACES = (Path(__file__).parents[3] / "migrations", Path(__file__).parents[1] / "migrations")


def migrations_dir() -> Path:
    """Return the folder of the migrations."""
    return next(place for place in _PLACES if (place / "env.py").is_file())


def newest_revision() -> str:
    """Return the revision that this version of Folkmoot works with."""
    head = ScriptDirectory(str(migrations_dir())).get_current_head()
    if head is None:
        raise ConfigurationError("This installation of Folkmoot has no migrations.")
    return head


def present_revision(engine: Engine) -> str | None:
    """Return the revision that a database is at, or None for an empty one."""
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise ConfigurationError(f"The database cannot be opened: {reason}.") from error


def upgrade_database(engine: Engine, *, revision: str = "head") -> None:
    """Bring a database to a revision, this version's unless told otherwise."""
    present = present_revision(engine)
    _require_known(present)
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def require_current_schema(engine: Engine) -> None:
    """Refuse to work on a database of another version."""
    where = engine.url.render_as_string(hide_password=True)
    if engine.url.get_backend_name() == "sqlite" and not Path(engine.url.database or "").exists():
        raise ConfigurationError(f"There is no database {where}. Run `folkmoot db upgrade` first.")
    present = present_revision(engine)
    if present is None:
        raise ConfigurationError(f"The database {where} is empty. Run `folkmoot db upgrade` first.")
    _require_known(present)
    newest = newest_revision()
    if present != newest:
        raise ConfigurationError(
            f"The database is at revision {present}, this version of Folkmoot needs {newest}. "
            "Run `folkmoot db upgrade`."
        )


def _require_known(present: str | None) -> None:
    known = {one.revision for one in ScriptDirectory(str(migrations_dir())).walk_revisions()}
    if present is not None and present not in known:
        raise ConfigurationError(
            f"The database is at revision {present}, which this version of Folkmoot does not know. "
            "It was written by a newer version."
        )
