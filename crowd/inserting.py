"""Insert many rows at once, past the ORM: by COPY on PostgreSQL, by one executemany on SQLite."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from psycopg import Connection as PostgresConnection
from psycopg import sql
from sqlalchemy.engine import Connection

Row: TypeAlias = Sequence[object]


def insert_rows(
    connection: Connection,
    table: sa.Table,
    *,
    names: Sequence[str],
    rows: Sequence[Row],
    same: Mapping[str, object],
) -> None:
    """Insert rows of which none may be there already.

    Their values stand in the order of the names; `same` holds what all of them have in common.
    """
    if not rows:
        return
    stored = _stored(connection, [table.c[name] for name in names], rows)
    shared = _stored(connection, [table.c[name] for name in same], [tuple(same.values())])
    common = tuple(next(shared))
    whole = ((*row, *common) for row in stored)
    driver = connection.connection.driver_connection
    if isinstance(driver, PostgresConnection):
        _copy(driver, table.name, [*names, *same], whole)
    else:
        _insert_many(connection, table.name, [*names, *same], whole)


def _insert_many(
    connection: Connection, table: str, names: Sequence[str], rows: Iterator[tuple[object, ...]]
) -> None:
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  # our own names
    connection.exec_driver_sql(statement, list(rows))


def _copy(
    driver: PostgresConnection[Any],
    table: str,
    names: Sequence[str],
    rows: Iterator[tuple[object, ...]],
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
