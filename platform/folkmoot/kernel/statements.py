"""Statements that run on the driver itself, for the paths where every microsecond counts.

SQLAlchemy compiles a statement once and keeps it, but each execution looks it up by its structure
again, makes a context for it and wraps its rows; that costs more than the database does. A
`Statement` is the same Core statement without that: its SQL, its parameters and their types are
worked out when it first runs on a kind of database.

    _HELD = Statement(sa.select(LEASE.c.state).where(LEASE.c.id == sa.bindparam("lease_id")))
    _END = Statement(sa.update(LEASE).where(LEASE.c.id == sa.bindparam("of")), sets=("state",))

    held = _HELD.first(connection, {"lease_id": lease_id})
    n_ended = _END.run(connection, {"of": lease_id, "state": LeaseState.SKIPPED})

It runs in the transaction that the connection has begun, and raises what SQLAlchemy would raise.
What it leaves out: events, the logging of SQL, and `in_` with a parameter for its list.

    _END.later(connection, {"of": lease_id, "state": LeaseState.SKIPPED})

On PostgreSQL such a change waits for others, and they go in one statement instead of one each: at
the commit, or before the next statement that could see what they do. That is any at all, but for
a `Statement` that says `ahead=True`: it reads nothing that waits when it runs, or allows for it.
"""

import re
from collections.abc import Iterable, MutableMapping, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias

from sqlalchemy.engine import Connection

from folkmoot.kernel.compiled import Compiled, Executable, Given, Row

__all__ = ["Given", "Row", "Statement", "forget_waiting", "send_waiting"]

# A change that waits: the statement, and its values.
_Change: TypeAlias = tuple[Compiled, Given]

# Where a connection keeps the changes that wait.
_WAITING = "folkmoot_waiting"
_PARAMETER = re.compile(r"\$(\d+)")


class Statement:
    """A Core statement that is compiled once for each kind of database."""

    def __init__(
        self, statement: Executable, *, sets: Sequence[str] = (), ahead: bool = False
    ) -> None:
        """Keep a statement. `sets`: the columns that an INSERT or UPDATE is given values for.

        Without it, an INSERT takes all columns of its table, and an UPDATE what its `values` say.
        `ahead`: it may run before changes that wait.
        """
        self._statement = statement
        self._sets = list(sets) or None
        self._ahead = ahead
        self._compiled: dict[str, Compiled] = {}

    def first(self, connection: Connection, given: Given) -> Row | None:
        """Return the first row, or None; select no more rows than are wanted."""
        rows = self.all(connection, given)
        return rows[0] if rows else None

    def all(self, connection: Connection, given: Given) -> list[Row]:
        """Return all rows."""
        compiled = self._next(connection)
        cursor = compiled.execute(connection, given)
        return [compiled.row(cursor, values) for values in cursor.fetchall()]

    def run(self, connection: Connection, given: Given) -> int:
        """Change rows, and return how many were changed."""
        return self._next(connection).execute(connection, given).rowcount

    def run_many(self, connection: Connection, given: Iterable[Given]) -> None:
        """Change rows once for each set of values."""
        self._next(connection).execute_many(connection, given)

    def later(self, connection: Connection, given: Given) -> None:
        """Change rows together with what else is changed, by the commit at the latest."""
        compiled = self._compiled_for(connection)
        if connection.dialect.name != "postgresql":
            compiled.execute(connection, given)  # there is no way to it that could be saved
            return
        waiting: list[_Change] = connection.info.setdefault(_WAITING, [])
        if not compiled.only_inserts and any(one.table is compiled.table for one, _ in waiting):
            send_waiting(connection)  # one statement cannot change a row twice
        waiting.append((compiled, given))

    def _next(self, connection: Connection) -> Compiled:
        if not self._ahead:
            send_waiting(connection)
        return self._compiled_for(connection)

    def _compiled_for(self, connection: Connection) -> Compiled:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:  # two threads may come here at once; they make the same
            compiled = Compiled(self._statement, dialect, self._sets)
            self._compiled[dialect.name] = compiled
        return compiled


def send_waiting(connection: Connection) -> None:
    """Make the changes that wait on a connection, all in one statement."""
    waiting: list[_Change] | None = connection.info.get(_WAITING)
    if not waiting:
        return
    changes = tuple(waiting)
    waiting.clear()
    if len(changes) == 1:
        [(only, given)] = changes
        only.execute(connection, given)
        return
    sql = _together(tuple(compiled for compiled, _ in changes))
    arguments = [value for compiled, given in changes for value in compiled.arguments(given)]
    changes[0][0].execute_as(connection, sql, arguments)


def forget_waiting(info: MutableMapping[Any, Any]) -> None:
    """Let go of the changes that wait on a connection of this `info`: they are undone."""
    info.pop(_WAITING, None)


@lru_cache(maxsize=64)
def _together(changes: tuple[Compiled, ...]) -> str:
    """Return one statement of PostgreSQL that makes several changes of rows apart."""
    parts: list[str] = []
    n_before = 0
    for index, one in enumerate(changes):
        parts.append(f"c{index} AS ({_PARAMETER.sub(partial(_moved_by, n_before), one.sql)})")
        n_before += one.n_arguments
    return f"WITH {', '.join(parts)} SELECT 1"


def _moved_by(n_before: int, parameter: re.Match[str]) -> str:
    return f"${n_before + int(parameter[1])}"
