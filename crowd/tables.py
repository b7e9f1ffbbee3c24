"""The crowd's tables as SQLAlchemy Core sees them."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd import models
from folkmoot.kernel.core_tables import INSERTS, core_table

PROJECT = core_table(models.Project)
QUEUE = core_table(models.ProjectQueue)
TASK = core_table(models.Task)
PLACE = core_table(models.Place)
LEASE = core_table(models.Lease)
LABEL = core_table(models.Label)
EARNING = core_table(models.Earning)
RECORD = core_table(models.AnnotatorRecord)
OUTCOME = core_table(models.Outcome)
CONSENSUS = core_table(models.Consensus)
PREFERENCES = core_table(models.AnnotatorPreferences)
SITTING = core_table(models.Sitting)
WORK_DAY = core_table(models.WorkDay)
PAYMENT = core_table(models.PaymentExport)


def insert_unless_there(connection: Connection, table: sa.Table, **values: object) -> None:
    """Insert a row, or leave the one that has its key."""
    insert = INSERTS[connection.dialect.name]
    connection.execute(insert(table).values(**values).on_conflict_do_nothing())
