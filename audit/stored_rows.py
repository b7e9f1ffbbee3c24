"""Read rows that somebody may have damaged: what cannot be read is an error of that row alone.

The database's own conversion would stop a whole result at its first bad value. Here the values
come as they are stored, and are converted column by column.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect, RowMapping
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import SQLModel

from folkmoot.kernel.unit_of_work import UnitOfWork

Table = TypeVar("Table", bound=SQLModel)
Convert: TypeAlias = Callable[[object], object]
Stored: TypeAlias = RowMapping

# What parsing and comparing of stored values raises where they are not what they should be.
NOT_READABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)
ROWS_AT_A_TIME = 500


class UnreadableRow(ValueError):
    """Say which column of a row holds what it cannot hold."""


class StoredTable(Generic[Table]):
    """Read the rows of one table without believing them."""

    def __init__(self, uow: UnitOfWork, model: type[Table]) -> None:
        table: sa.Table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not type it
        dialect = uow.session.get_bind().dialect
        self.model = model
        self.name = table.name
        self._convert = {column.name: _converter(column, dialect) for column in table.columns}
        self._columns = {column.name: column for column in table.columns}

    def columns(self, *names: str) -> list[ColumnElement[object]]:
        """Return the columns to select as they are stored: all, or only these."""
        return [self.column(name).label(self._label(name)) for name in names or self._columns]

    def column(self, name: str) -> ColumnElement[object]:
        """Return one column as it is stored."""
        return sa.type_coerce(self._columns[name], sa.types.NullType())

    def raw(self, row: Stored, name: str) -> object:
        """Return one value of a selected row as it is stored."""
        return row[self._label(name)]

    def uuid(self, row: Stored, name: str) -> UUID | None:
        """Return one value as an id, or None where it is none."""
        return uuid_of(self.raw(row, name))

    def read(self, row: Stored) -> Table | None:
        """Return the row, or None where an outer join found none; raise UnreadableRow."""
        if all(self.raw(row, name) is None for name in self._columns):
            return None
        return self.model(**{name: self._value(row, name) for name in self._columns})

    def _value(self, row: Stored, name: str) -> object:
        value = self.raw(row, name)
        try:
            return self._convert[name](value)
        except NOT_READABLE as error:
            raise UnreadableRow(f"its {name} cannot be read") from error

    def _label(self, name: str) -> str:
        return f"{self.name}.{name}"


def stored_rows(uow: UnitOfWork, statement: sa.Executable) -> Iterator[Stored]:
    """Return what a statement over stored columns finds, a few rows at a time."""
    streamed = statement.execution_options(yield_per=ROWS_AT_A_TIME)
    yield from uow.session.execute(streamed).mappings()


def uuid_of(value: object) -> UUID | None:
    """Return a stored value as an id, or None where it is none."""
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        return None


def index_of(value: object) -> int | None:
    """Return a stored value as a leaf's index, or None where it is none."""
    return value if isinstance(value, int) else None


def _converter(column: sa.Column[object], dialect: Dialect) -> Convert:
    # Drivers give floats as they are; a converter would ask for the driver's own type code.
    if isinstance(column.type, sa.Float):
        return _as_stored
    return column.type.dialect_impl(dialect).result_processor(dialect, None) or _as_stored


def _as_stored(value: object) -> object:
    return value
