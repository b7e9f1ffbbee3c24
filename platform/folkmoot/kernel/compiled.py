"""A Core statement compiled for one kind of database, and run on the driver itself."""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import CompileError, DBAPIError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler

Executable: TypeAlias = sa.Select[*tuple[Any, ...]] | sa.Insert | sa.Update | sa.Delete
# The values of a statement's parameters, by the names of their columns or of `sa.bindparam`.
Given: TypeAlias = Mapping[str, object]
# What a type does to a value on its way to the driver, or on its way back.
Processor: TypeAlias = Callable[[Any], Any]

# Where a connection keeps the cursor that all statements share.
_CURSOR = "folkmoot_cursor"
_MARK = re.compile(r"%\((\w+)\)s|%%")


class Row(Protocol):
    """A named tuple: values by position, and by the name or label of their columns."""

    def __getattr__(self, name: str, /) -> Any: ...

    def __getitem__(self, index: int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def _asdict(self) -> dict[str, Any]: ...


class Compiled:
    """A statement in the words of one kind of database."""

    def __init__(self, statement: Executable, dialect: Dialect, sets: list[str] | None) -> None:
        compiler = _with_constants_written_out(statement).compile(dialect=dialect, column_keys=sets)
        if not isinstance(compiler, SQLCompiler) or compiler.prefetch:
            raise CompileError(f"This needs a default that Python makes: {statement}")
        asked = {name: bind.key for name, bind in compiler.binds.items() if bind.required}
        expanded = compiler.construct_expanded_state(dict.fromkeys(asked.values()))
        sql, names = expanded.statement, expanded.positiontup
        if dialect.name == "postgresql":
            sql, names = _numbered(sql)
        if names is None:
            raise CompileError(f"This has parameters without an order: {statement}")
        processors = {**_bind_processors(compiler, dialect), **expanded.processors}
        self._dialect = dialect
        self.sql = sql
        self.table = statement.table if isinstance(statement, sa.Insert | sa.Update) else None
        self.only_inserts = isinstance(statement, sa.Insert) and not _is_upsert(statement)
        self._constants = {
            name: _processed(expanded.parameters[name], processors.get(name))
            for name in names
            if name not in asked
        }
        self._keys = [asked.get(name, name) for name in names]
        self._processors = [
            (index, process)
            for index, name in enumerate(names)
            if name in asked and (process := processors.get(name)) is not None
        ]
        self._columns = list(statement.exported_columns)
        self._make_row = _maker_of_rows(self._columns)
        self._result_processors: list[tuple[int, Processor]] | None = None

    def execute(self, connection: Connection, given: Given) -> DBAPICursor:
        """Run the statement once."""
        return self.execute_as(connection, self.sql, self.arguments(given))

    def execute_as(self, connection: Connection, sql: str, arguments: list[Any]) -> DBAPICursor:
        """Run SQL that this statement is a part of, or the whole."""
        cursor = _cursor_of(connection)
        try:
            cursor.execute(sql, arguments)
        except self._dialect.loaded_dbapi.Error as error:
            raise self._translated(connection, cursor, sql, error) from error
        return cursor

    def execute_many(self, connection: Connection, given: Iterable[Given]) -> None:
        """Run the statement for each set of values, in one call of the driver."""
        arguments = [self.arguments(one) for one in given]
        cursor = _cursor_of(connection)
        try:
            cursor.executemany(self.sql, arguments)
        except self._dialect.loaded_dbapi.Error as error:
            raise self._translated(connection, cursor, self.sql, error) from error

    def row(self, cursor: DBAPICursor, values: Sequence[Any]) -> Row:
        """Return a fetched row with its values in their Python types."""
        if self._result_processors is None:
            self._result_processors = _result_processors(self._columns, self._dialect, cursor)
        converted = list(values)
        for index, process in self._result_processors:
            converted[index] = process(converted[index])
        return self._make_row(converted)

    @property
    def n_arguments(self) -> int:
        """Return how many values the driver takes."""
        return len(self._keys)

    def arguments(self, given: Given) -> list[Any]:
        """Return the values as the driver takes them, in their order."""
        values = {**self._constants, **given}
        arguments = [values[key] for key in self._keys]
        for index, process in self._processors:
            arguments[index] = process(arguments[index])
        return arguments

    def _translated(
        self, connection: Connection, cursor: DBAPICursor, sql: str, error: Exception
    ) -> BaseException:
        """Return the error as SQLAlchemy would raise it; a dead connection leaves the pool."""
        is_dead = self._dialect.is_disconnect(error, connection.connection, cursor)  # type: ignore[arg-type]  # the driver's own error, which is a class of the driver's
        if is_dead:
            connection.invalidate(error)
        return DBAPIError.instance(
            sql,
            None,  # values may be personal, so they stay out of the message
            error,
            self._dialect.loaded_dbapi.Error,
            connection_invalidated=is_dead,
            dialect=self._dialect,
        )


def _is_upsert(statement: sa.Insert) -> bool:
    # What each dialect keeps an ON CONFLICT clause in; a plain INSERT has no such attribute.
    return getattr(statement, "_post_values_clause", None) is not None


def _with_constants_written_out(statement: Executable) -> Executable:
    """Write constants into the SQL: PostgreSQL plans a LIMIT that it knows far better, and once."""
    return cast("Executable", visitors.replacement_traverse(statement, {}, _written_out))


def _written_out(element: object, **_: object) -> sa.BindParameter[Any] | None:
    if isinstance(element, sa.BindParameter) and not element.required:
        return element.render_literal_execute()
    return None


def _cursor_of(connection: Connection) -> DBAPICursor:
    """Return the one cursor of a connection: psycopg takes longer to make one than to use it.

    Every result is fetched whole before the next statement runs, so one is enough.
    """
    cursor: DBAPICursor | None = connection.info.get(_CURSOR)
    if cursor is None:
        cursor = connection.info[_CURSOR] = _new_cursor(connection)
    return cursor


def _new_cursor(connection: Connection) -> DBAPICursor:
    if connection.dialect.name == "postgresql":
        # It takes PostgreSQL's own `$1`; another would translate a long statement at every call.
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        return cast("DBAPICursor", psycopg.RawCursor(driver))
    return connection.connection.cursor()


def _numbered(sql: str) -> tuple[str, list[str]]:
    """Write `%(name)s` as `$1`; return the SQL, and the names by their numbers."""
    names: list[str] = []

    def number(mark: re.Match[str]) -> str:
        name = mark[1]
        if name is None:
            return "%"  # of a `%%`
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _MARK.sub(number, sql), names


def _maker_of_rows(columns: Sequence[sa.ColumnElement[Any]]) -> Callable[[list[Any]], Row]:
    row_type = namedtuple("Row", [str(one.key) for one in columns], rename=True)  # type: ignore[misc]  # its fields are known only now
    return cast("Callable[[list[Any]], Row]", row_type._make)


def _bind_processors(compiler: SQLCompiler, dialect: Dialect) -> dict[str, Processor | None]:
    return {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect)
        for name, bind in compiler.binds.items()
    }


def _result_processors(
    columns: Sequence[sa.ColumnElement[Any]], dialect: Dialect, cursor: DBAPICursor
) -> list[tuple[int, Processor]]:
    """Return the processors of the columns that need one; some ask what the driver sends."""
    found = [
        column.type.dialect_impl(dialect).result_processor(dialect, described[1])
        for column, described in zip(columns, cursor.description, strict=True)
    ]
    return [(index, process) for index, process in enumerate(found) if process is not None]


def _processed(value: object, process: Processor | None) -> object:
    return value if process is None else process(value)
