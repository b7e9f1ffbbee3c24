"""The tables as SQLAlchemy Core sees them, for the paths where every statement counts."""

from collections.abc import Callable
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from crowd import models

# An INSERT that says what is to become of a row that is there already, as each database has it.
Upsert: TypeAlias = postgresql.Insert | sqlite.Insert
INSERTS: dict[str, Callable[[sa.Table], Upsert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def _table(model: type[SQLModel]) -> sa.Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


PROJECT = _table(models.Project)
QUEUE = _table(models.ProjectQueue)
TASK = _table(models.Task)
PLACE = _table(models.Place)
LEASE = _table(models.Lease)
LABEL = _table(models.Label)
EARNING = _table(models.Earning)
RECORD = _table(models.AnnotatorRecord)
OUTCOME = _table(models.Outcome)
CONSENSUS = _table(models.Consensus)
PREFERENCES = _table(models.AnnotatorPreferences)
SITTING = _table(models.Sitting)
WORK_DAY = _table(models.WorkDay)
PAYMENT = _table(models.PaymentExport)


def insert_unless_there(connection: Connection, table: sa.Table, **values: object) -> None:
    """Insert a row, or leave the one that has its key."""
    insert = INSERTS[connection.dialect.name]
    connection.execute(insert(table).values(**values).on_conflict_do_nothing())
