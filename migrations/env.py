"""Run migrations on the connection that `folkmoot.kernel.schema` hands over."""

from typing import Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

# Every table must be known, or autogenerate would drop it.
import audit.models
import audit.tile_models
import audit.witness_models  # noqa: F401
import crowd.models  # noqa: F401
import folkmoot.identity.models
import folkmoot.kernel.idempotency
import folkmoot.kernel.outbox  # noqa: F401
import governance.models  # noqa: F401
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.settings import load_settings

LOCK_TIMEOUT = "5s"


def run(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        _run_on_sqlite(connection)
        return
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    connection.commit()
    _run(connection)


def _run_on_sqlite(connection: Connection) -> None:
    # SQLite alters a table by making it anew, which foreign keys would forbid. They can only be
    # switched between transactions, and are checked before this one ends.
    driver = connection.connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        _run(connection)
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        # Batch mode is SQLite's; elsewhere it means a plain ALTER.
        render_as_batch=True,
        render_item=_render_type,
        compare_type=True,
        # Our engine sends BEGIN itself, so that SQLite, too, takes a failed migration back whole.
        transactional_ddl=True,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    )
    with context.begin_transaction():
        context.run_migrations()
        _require_kept_references(connection)
    connection.commit()


def _require_kept_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"The migration left references to rows that are gone: {broken[:3]}")


def _render_type(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our types as plain ones: a migration must not change when they do."""
    if kind != "type":
        return False
    if isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    if isinstance(item, AutoString):
        return "sa.String()"
    return False


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    with make_engine(load_settings().database_url).connect() as opened:
        run(opened)
