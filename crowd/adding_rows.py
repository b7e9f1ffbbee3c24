"""Add rows of a file to a project as tasks with their first places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import Origin, Task, TaskState, TaskType
from crowd.places import new_places, rank_of
from crowd.tables import PLACE, PROJECT, TASK
from crowd.task_rows import RowProblem, TaskRow
from crowd.task_types import task_type_of
from folkmoot.kernel import clock
from folkmoot.kernel.errors import InvalidInput, NotFound
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

_Content: TypeAlias = tuple[JsonObject, Json | None]


@dataclass(frozen=True)
class AddedRows:
    """What became of some rows: tasks added, tasks that were there before, rows refused.

    `changed` says of tasks that were there before which rows have other content.
    """

    added: int
    known: int
    problems: tuple[RowProblem, ...]
    changed: tuple[RowProblem, ...]


@dataclass(frozen=True)
class _Shelf:
    """Where a project's new tasks go, and by which rules."""

    project_id: UUID
    first_position: int
    floor: int
    task_type: TaskType
    answer_schema: JsonObject


def add_rows(uow: UnitOfWork, *, project_id: UUID, rows: Sequence[TaskRow]) -> AddedRows:
    """Add tasks with their first places; one whose external id is there already stays as it is."""
    connection = uow.session.connection()
    # Holding the project's row, importers take turns: none misses what another has just added.
    shelf = _reserve(connection, project_id, len(rows))
    problems = [_wrong_row(shelf, row) for row in rows]
    good = [row for row, problem in zip(rows, problems, strict=True) if problem is None]
    there = _known_contents(connection, project_id, [row.external_id for row in good])
    fresh = {row.external_id: row for row in reversed(good) if row.external_id not in there}
    _insert(connection, shelf, [row for row in good if fresh.get(row.external_id) is row])
    there |= {external_id: _content_of(row) for external_id, row in fresh.items()}
    changed = [_left_unchanged(row) for row in good if _content_of(row) != there[row.external_id]]
    return AddedRows(
        len(fresh), len(good) - len(fresh), tuple(filter(None, problems)), tuple(changed)
    )


def _reserve(connection: Connection, project_id: UUID, count: int) -> _Shelf:
    statement = (
        sa.update(PROJECT)
        .where(PROJECT.c.id == project_id)
        .values(next_position=PROJECT.c.next_position + count)
        .returning(
            PROJECT.c.id.label("project_id"),
            (PROJECT.c.next_position - count).label("first_position"),
            PROJECT.c.floor,
            PROJECT.c.task_type,
            PROJECT.c.answer_schema,
        )
    )
    row = connection.execute(statement).first()
    if row is None:
        raise NotFound("There is no such project.")
    return _Shelf(**row._mapping)


def _wrong_row(shelf: _Shelf, row: TaskRow) -> RowProblem | None:
    kind = task_type_of(shelf.task_type)
    try:
        kind.check_payload(shelf.answer_schema, row.payload)
    except InvalidInput as error:
        return RowProblem(row.line, error.message)
    if row.gold is None:
        return None
    try:
        kind.check_answer(shelf.answer_schema, row.gold, row.payload)
    except InvalidInput as error:
        return RowProblem(row.line, f"The gold answer is not allowed. {error.message}")
    return None


def _known_contents(
    connection: Connection, project_id: UUID, ids: Sequence[str]
) -> dict[str, _Content]:
    statement = sa.select(TASK.c.external_id, TASK.c.payload, TASK.c.gold_answer).where(
        TASK.c.project_id == project_id, TASK.c.external_id.in_(ids)
    )
    return {
        row.external_id: (row.payload, row.gold_answer) for row in connection.execute(statement)
    }


def _content_of(row: TaskRow) -> _Content:
    return row.payload, row.gold


def _left_unchanged(row: TaskRow) -> RowProblem:
    sentence = f"{row.external_id} exists already with other content; it was left unchanged."
    return RowProblem(row.line, sentence)


def _insert(connection: Connection, shelf: _Shelf, rows: Sequence[TaskRow]) -> None:
    tasks = [
        _task_of(shelf, row, position)
        for position, row in enumerate(rows, start=shelf.first_position)
    ]
    places = [place for task in tasks if task.gold_answer is None for place in _places(shelf, task)]
    if tasks:
        connection.execute(sa.insert(TASK), [task.model_dump() for task in tasks])
    if places:
        connection.execute(sa.insert(PLACE), places)


def _task_of(shelf: _Shelf, row: TaskRow, position: int) -> Task:
    return Task(
        project_id=shelf.project_id,
        external_id=row.external_id,
        origin=Origin.CROWD,
        payload=row.payload,
        priority=row.priority,
        position=position,
        gold_answer=row.gold,
        # The answer of gold is known: it asks for no labels, though it will get some.
        state=TaskState.OPEN if row.gold is None else TaskState.COMPLETE,
        created_at=clock.now(),
    )


def _places(shelf: _Shelf, task: Task) -> list[dict[str, object]]:
    rank = rank_of(priority=task.priority, position=task.position)
    return new_places(task.id, shelf.project_id, rank=rank, numbers=range(1, shelf.floor + 1))
