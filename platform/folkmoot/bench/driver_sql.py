"""One annotator in SQL on the driver: the rows that a label touches, and nothing else.

It checks nothing and judges nothing; it is there to say how fast the database alone would be.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection, Engine

from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import unit_of_work

_NEXT = (
    "SELECT task_id, number, rank FROM place WHERE project_id = ? AND label_id IS NULL "
    "AND rank IS NOT NULL AND rank > ? ORDER BY rank, number LIMIT 1"
)
_LEASE = (
    "INSERT INTO lease (id, project_id, task_id, place_number, annotator_id, reason, state, "
    "instructions_version, given_at, expires_at) VALUES (?, ?, ?, ?, ?, 'order', 'held', 1, ?, ?)"
)
_HOLD = (
    "UPDATE place SET rank = NULL, annotator_id = ?, lease_id = ?, leased_until = ? "
    "WHERE task_id = ? AND number = ?"
)
_TURN = (
    "SELECT lease.task_id, lease.place_number, task.payload, project.answer_schema FROM lease "
    "JOIN task ON task.id = lease.task_id JOIN project ON project.id = lease.project_id "
    "WHERE lease.id = ?"
)
_LABEL = (
    "INSERT INTO label (id, project_id, task_id, annotator_id, lease_id, place_number, origin, "
    "answer, fate, is_current, active_seconds, instructions_version, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, 'crowd', '\"yes\"', 'accepted', TRUE, 5.0, 1, ?)"
)
_TAKE = "UPDATE place SET label_id = ? WHERE lease_id = ?"
_END = "UPDATE lease SET state = 'labelled' WHERE id = ?"
_PAY = (
    "INSERT INTO earning (id, annotator_id, project_id, lease_id, kind, amount_minor, currency, "
    "earned_at) VALUES (?, ?, ?, ?, 'label', 5, 'EUR', ?)"
)
_VOICES = "SELECT answer FROM label WHERE task_id = ? AND is_current"
_JUDGE = "UPDATE task SET n_labels = ?, answer = '\"yes\"', confidence = 0.9 WHERE id = ?"


class DriverAnnotator:
    """One annotator who answers whatever comes next."""

    def __init__(self, engine: Engine, project_id: UUID, annotator_id: UUID) -> None:
        """Work in a project."""
        self._engine = engine
        self._project_id, self._annotator_id = project_id.hex, annotator_id.hex
        self._mark = "?" if engine.dialect.name == "sqlite" else "%s"
        self._lock = "" if engine.dialect.name == "sqlite" else " FOR UPDATE SKIP LOCKED"
        self._rank = -1

    def labels(self) -> Iterator[None]:
        """Answer and lease in one transaction, until nothing is left."""
        with unit_of_work(self._engine) as uow:
            lease_id = self._next(uow.connection)
        while lease_id is not None:
            with unit_of_work(self._engine) as uow:
                self._answer(uow.connection, lease_id)
                lease_id = self._next(uow.connection)
            yield

    def _answer(self, connection: Connection, lease_id: str) -> None:
        now, label_id = str(datetime.now(UTC)), new_id().hex
        project, who = self._project_id, self._annotator_id
        ((task_id, number, _, _),) = self._ask(connection, _TURN, lease_id)
        self._do(connection, _TAKE, label_id, lease_id)
        self._do(connection, _LABEL, label_id, project, task_id, who, lease_id, number, now)
        self._do(connection, _END, lease_id)
        self._do(connection, _PAY, new_id().hex, who, project, lease_id, now)
        voices = self._ask(connection, _VOICES, task_id)
        self._do(connection, _JUDGE, len(voices), task_id)

    def _next(self, connection: Connection) -> str | None:
        found = self._ask(connection, _NEXT + self._lock, self._project_id, self._rank)
        if not found:
            return None
        ((task_id, number, self._rank),) = found
        lease_id, now = new_id().hex, datetime.now(UTC)
        until, who = str(now + timedelta(minutes=10)), self._annotator_id
        self._do(
            connection, _LEASE, lease_id, self._project_id, task_id, number, who, str(now), until
        )
        self._do(connection, _HOLD, who, lease_id, until, task_id, number)
        return lease_id

    def _ask(self, connection: Connection, sql: str, *values: object) -> list[tuple[Any, ...]]:
        cursor = self._do(connection, sql, *values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _do(self, connection: Connection, sql: str, *values: object) -> Any:
        cursor = connection.connection.cursor()
        cursor.execute(sql.replace("?", self._mark), values)
        return cursor
