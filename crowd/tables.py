"""The tables as SQLAlchemy Core sees them, for the paths where every statement counts."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from crowd import models


def _table(model: type[SQLModel]) -> sa.Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


PROJECT = _table(models.Project)
TASK = _table(models.Task)
PLACE = _table(models.Place)
LEASE = _table(models.Lease)
LABEL = _table(models.Label)
EARNING = _table(models.Earning)
RECORD = _table(models.AnnotatorRecord)
OUTCOME = _table(models.Outcome)
PREFERENCES = _table(models.AnnotatorPreferences)
SITTING = _table(models.Sitting)
WORK_DAY = _table(models.WorkDay)
PAYMENT = _table(models.PaymentExport)


def insert_unless_there(connection: Connection, table: sa.Table, **values: object) -> None:
    """Insert a row, or leave the one that has its key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())
