"""Projects of any size, written by the database itself: a million tasks in a minute or so.

Every id is made of the project's number, the kind of row and the row's number, so that what
belongs together is found without asking.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.engine import Connection, Engine

from crowd.models import Project
from folkmoot.kernel.actor import Actor

TASK, LEASE, LABEL = 1, 2, 3
_PAYLOAD = '{"name": "Ann"}'
_ANSWER = '"yes"'
_LONG_AGO = "2026-01-05 09:00:00.000000"


@dataclass(frozen=True)
class Filling:
    """A project that is filled: its number in ids, its size, and who did what is done."""

    number: int
    project: Project
    size: int
    veteran: Actor


class _Words:
    """The few things that the two databases write differently."""

    def __init__(self, dialect: str, filling: Filling) -> None:
        self._is_postgresql = dialect == "postgresql"
        self._number = filling.number
        self.project = self.uuid(filling.project.id)
        self.veteran = self.uuid(filling.veteran.id)
        self.long_ago = f"timestamptz '{_LONG_AGO}+00'" if self._is_postgresql else f"'{_LONG_AGO}'"
        self.yes = "true" if self._is_postgresql else "1"

    def uuid(self, value: UUID) -> str:
        return f"'{value.hex}'" + ("::uuid" if self._is_postgresql else "")

    def json(self, text: str) -> str:
        return f"'{text}'" + ("::json" if self._is_postgresql else "")

    def row_id(self, kind: int) -> str:
        """Return the id of row i of a kind: 8 digits, the kind, 12 digits of i."""
        head, middle = f"{self._number:08x}", f"000{kind}70008000"
        if self._is_postgresql:
            return f"('{head}{middle}' || lpad(to_hex(i), 12, '0'))::uuid"
        return f"printf('{head}{middle}%012x', i)"

    def numbers(self, first: int, end: int) -> str:
        """Return a table of i from first on, without the end."""
        if self._is_postgresql:
            return f"generate_series({first}, {end - 1}) AS numbers(i)"
        counted = f"SELECT {first} AS i UNION ALL SELECT i + 1 FROM numbers WHERE i < {end - 1}"
        return f"(WITH RECURSIVE numbers(i) AS ({counted}) SELECT i FROM numbers)"


def fill(engine: Engine, filling: Filling) -> None:
    """Write a project's tasks, each with one place that waits, in the order of their numbers."""
    with engine.begin() as connection:
        words = _Words(connection.dialect.name, filling)
        numbers = words.numbers(0, filling.size)
        _run(
            connection,
            "INSERT INTO task (id, project_id, external_id, origin, payload, priority, position,"
            " state, n_labels, created_at)"
            f" SELECT {words.row_id(TASK)}, {words.project}, 't' || i, 'crowd',"
            f" {words.json(_PAYLOAD)}, 0, i, 'open', 0, {words.long_ago} FROM {numbers}",
        )
        _run(
            connection,
            "INSERT INTO place (task_id, number, project_id, rank)"
            f" SELECT {words.row_id(TASK)}, 1, {words.project}, i FROM {numbers}",
        )
        _run(
            connection,
            f"UPDATE project SET next_position = {filling.size} WHERE id = {words.project}",
        )


def finish(engine: Engine, filling: Filling, *, first: int, end: int) -> None:
    """Let the veteran have answered the tasks from one number on, up to another."""
    with engine.begin() as connection:
        words = _Words(connection.dialect.name, filling)
        numbers = words.numbers(first, end)
        task, lease, label = (words.row_id(kind) for kind in (TASK, LEASE, LABEL))
        which = f"project_id = {words.project} AND position >= {first} AND position < {end}"
        _run(connection, f"UPDATE task SET state = 'complete', n_labels = 1 WHERE {which}")
        _run(
            connection,
            f"UPDATE place SET rank = NULL, annotator_id = {words.veteran}, lease_id = done.lease,"
            " label_id = done.label FROM ("
            f"SELECT {task} AS task, {lease} AS lease, {label} AS label FROM {numbers}"
            ") AS done WHERE done.task = place.task_id AND place.label_id IS NULL",
        )
        _run(
            connection,
            "INSERT INTO lease (id, project_id, task_id, place_number, annotator_id, reason, state,"
            " instructions_version, given_at, expires_at)"
            f" SELECT {lease}, {words.project}, {task}, 1, {words.veteran}, 'order', 'labelled', 1,"
            f" {words.long_ago}, {words.long_ago} FROM {numbers}",
        )
        _run(
            connection,
            "INSERT INTO label (id, project_id, task_id, annotator_id, lease_id, place_number,"
            " origin, answer, fate, is_current, active_seconds, instructions_version, created_at)"
            f" SELECT {label}, {words.project}, {task}, {words.veteran}, {lease}, 1, 'crowd',"
            f" {words.json(_ANSWER)}, 'accepted', {words.yes}, 4, 1, {words.long_ago}"
            f" FROM {numbers}",
        )


def ask_again(engine: Engine, filling: Filling, *, end: int) -> None:
    """Ask for a second label of the tasks up to a number: they wait at the head of the queue."""
    with engine.begin() as connection:
        words = _Words(connection.dialect.name, filling)
        numbers = words.numbers(0, end)
        _run(
            connection,
            "INSERT INTO place (task_id, number, project_id, rank)"
            f" SELECT {words.row_id(TASK)}, 2, {words.project}, i FROM {numbers}",
        )
        _run(
            connection,
            "UPDATE task SET state = 'open'"
            f" WHERE project_id = {words.project} AND position < {end}",
        )


def settle(engine: Engine) -> None:
    """Let the database clear away and count its rows, as it does by itself after so many came."""
    if engine.dialect.name == "postgresql":
        # What autovacuum does; else a search passes what was done in one go row by row.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _run(connection, "VACUUM ANALYZE")
        return
    with engine.begin() as connection:
        _run(connection, "ANALYZE")


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
