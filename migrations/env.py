"""Run migrations on the connection that `folkmoot.kernel.schema` hands over."""

from alembic import context
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

import audit.models
import crowd.models
import folkmoot.identity.models
import folkmoot.kernel.idempotency
import folkmoot.kernel.outbox
import governance.models  # noqa: F401  # every table must be known, or autogenerate drops it
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.settings import load_settings

LOCK_TIMEOUT = "5s"


def run(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=is_sqlite,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    with make_engine(load_settings().database_url).connect() as opened:
        run(opened)
