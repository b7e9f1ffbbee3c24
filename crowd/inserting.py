"""Insert many rows at once, past the ORM: by COPY on PostgreSQL, by one executemany on SQLite."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from psycopg import Connection as PostgresConnection
from psycopg import sql
from sqlalchemy.engine import Connection

Row: TypeAlias = Sequence[object]


def insert_rows(
    connection: Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Row]
) -> None:
    """Insert rows whose values stand in the order of the names; none may be there already."""
    if not rows:
        return
    stored = _stored(connection, [table.c[name] for name in names], rows)
    driver = connection.connection.driver_connection
    if isinstance(driver, PostgresConnection):
        _copy(driver, table.name, names, stored)
        return
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608  # our names
    connection.exec_driver_sql(statement, [tuple(row) for row in stored])


def _copy(
    driver: PostgresConnection[Any], table: str, names: Sequence[str], rows: Iterator[Row]
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _stored(
    connection: Connection, columns: Sequence[sa.Column[Any]], rows: Sequence[Row]
) -> Iterator[Row]:
    """Yield rows as the driver takes them, by the columns' own types."""
    makers = [_maker(connection, column) for column in columns]
    for row in rows:
        yield [
            value if make is None else make(value) for make, value in zip(makers, row, strict=True)
        ]


def _maker(connection: Connection, column: sa.Column[Any]) -> Callable[[Any], Any] | None:
    return column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
