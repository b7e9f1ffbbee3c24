"""Tables as SQLAlchemy Core sees them, for the paths where every statement counts."""

from collections.abc import Callable
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

# An INSERT that says what is to become of a row that is there already, as each database has it.
Upsert: TypeAlias = postgresql.Insert | sqlite.Insert
INSERTS: dict[str, Callable[[sa.Table], Upsert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def core_table(model: type[SQLModel]) -> sa.Table:
    """Return the table of a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
