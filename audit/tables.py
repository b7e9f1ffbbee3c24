"""The log's tables as SQLAlchemy Core sees them, for the paths where every statement counts."""

from collections.abc import Callable
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from audit import models, tile_models

# An INSERT that says what is to become of a row that is there already, as each database has it.
Upsert: TypeAlias = postgresql.Insert | sqlite.Insert
INSERTS: dict[str, Callable[[sa.Table], Upsert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def _table(model: type[SQLModel]) -> sa.Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


ENTRY = _table(models.Entry)
DISCLOSURE = _table(models.Disclosure)
COUNTER = _table(models.ActorCounter)
HEAD = _table(models.LogHead)
CHECKPOINT = _table(models.SignedCheckpoint)
TILE = _table(tile_models.Tile)
