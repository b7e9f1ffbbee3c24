"""Add rows of a file to a project as tasks with their first places."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.inserting import Row, insert_rows
from crowd.models import Origin, Purpose, TaskState, TaskType, TaskUse
from crowd.places import rank_of
from crowd.tables import PLACE, PROJECT, TASK
from crowd.task_rows import RowProblem, TaskRow
from crowd.task_types import task_type_of
from folkmoot.kernel import clock
from folkmoot.kernel.errors import InvalidInput, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

_Content: TypeAlias = tuple[JsonObject, Json | None, Json | None, str, bool]

_TASK_COLUMNS = (
    "id",
    "external_id",
    "payload",
    "priority",
    "position",
    "use",
    "gold_answer",
    "explanation",
    "suggestion",
    "state",
)
_PLACE_COLUMNS = ("task_id", "number", "rank")


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
    # Holding the project's row, importers take turns: none misses what another has just added,
    # and positions become visible in their order.
    shelf = _reserve(connection, project_id, len(rows))
    checked = [_with_answers(shelf, row) for row in rows]
    problems = tuple(row for row in checked if isinstance(row, RowProblem))
    good = [row for row in checked if isinstance(row, TaskRow)]
    there = _known_contents(connection, project_id, [row.external_id for row in good])
    fresh = {row.external_id: row for row in reversed(good) if row.external_id not in there}
    _insert(connection, shelf, [row for row in good if fresh.get(row.external_id) is row])
    changed = tuple(_left_unchanged(there, fresh, good))
    return AddedRows(len(fresh), len(good) - len(fresh), problems, changed)


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


def _with_answers(shelf: _Shelf, row: TaskRow) -> TaskRow | RowProblem:
    """Return a row with its gold answer and its suggestion as the task type has them."""
    kind = task_type_of(shelf.task_type)
    refuse = partial(RowProblem, row.line, external_id=row.external_id, end=row.end)
    try:
        kind.check_payload(shelf.answer_schema, row.payload)
    except InvalidInput as error:
        return refuse(reason=error.message)
    if row.gold is None and row.suggestion is None:
        return row
    check = partial(_answer_in, partial(kind.check_answer, shelf.answer_schema), row.payload)
    try:
        gold = check(row.gold)
    except InvalidInput as error:
        return refuse(reason=f"The gold answer is not allowed. {error.message}")
    try:
        return replace(row, gold=gold, suggestion=check(row.suggestion))
    except InvalidInput as error:
        return refuse(reason=f"The suggestion is not allowed. {error.message}")


def _answer_in(
    check: Callable[[Json, JsonObject], None], payload: JsonObject, written: Json | None
) -> Json | None:
    """Return the answer that a cell holds; text may be the answer itself, or its JSON."""
    if written is None:
        return None
    try:
        check(written, payload)
    except InvalidInput:
        read = _json_in(written)
        if read is None:
            raise
        check(read, payload)
        return read
    return written


def _json_in(written: Json) -> Json | None:
    try:
        read: Json = json.loads(written) if isinstance(written, str) else None
    except (ValueError, RecursionError):
        return None
    return read


def _known_contents(
    connection: Connection, project_id: UUID, ids: Sequence[str]
) -> dict[str, _Content]:
    if not ids:
        return {}
    statement = sa.select(
        TASK.c.external_id,
        TASK.c.payload,
        TASK.c.gold_answer,
        TASK.c.suggestion,
        TASK.c.explanation,
        TASK.c.use,
    ).where(TASK.c.project_id == project_id, TASK.c.external_id.in_(ids))
    return {
        row.external_id: (
            row.payload,
            row.gold_answer,
            row.suggestion,
            row.explanation,
            row.use is TaskUse.TRAINING,
        )
        for row in connection.execute(statement)
    }


def _content_of(row: TaskRow) -> _Content:
    return row.payload, row.gold, row.suggestion, row.explanation, row.is_training


def _left_unchanged(
    there: Mapping[str, _Content], fresh: Mapping[str, TaskRow], rows: Sequence[TaskRow]
) -> Iterator[RowProblem]:
    for row in rows:
        first = fresh.get(row.external_id)
        if first is row:
            continue
        kept = there[row.external_id] if first is None else _content_of(first)
        if _content_of(row) != kept:
            where = "exists already" if first is None else f"stands in line {first.line} too,"
            sentence = f"{row.external_id} {where} with other content; it was left unchanged."
            yield RowProblem(row.line, sentence, row.external_id, row.end)


def _insert(connection: Connection, shelf: _Shelf, rows: Sequence[TaskRow]) -> None:
    tasks: list[Row] = []
    places: list[Row] = []
    for position, row in enumerate(rows, start=shelf.first_position):
        task_id, use = new_id(), _use_of(row)
        # The answer of gold is known: it asks for no labels, though it will get some.
        state = TaskState.OPEN if use is TaskUse.ORDINARY else TaskState.COMPLETE
        known = (row.gold, row.explanation, row.suggestion, state)
        tasks.append((task_id, row.external_id, row.payload, row.priority, position, use, *known))
        if use is TaskUse.ORDINARY:
            rank = rank_of(priority=row.priority, position=position)
            places.extend((task_id, number, rank) for number in range(1, shelf.floor + 1))
    project = {"project_id": shelf.project_id}
    of_tasks = {**project, "origin": Origin.CROWD, "n_labels": 0, "created_at": clock.now()}
    of_places = {**project, "purpose": Purpose.ORDINARY}
    insert_rows(connection, TASK, names=_TASK_COLUMNS, rows=tasks, same=of_tasks)
    insert_rows(connection, PLACE, names=_PLACE_COLUMNS, rows=places, same=of_places)


def _use_of(row: TaskRow) -> TaskUse:
    if row.is_training:
        return TaskUse.TRAINING
    return TaskUse.ORDINARY if row.gold is None else TaskUse.GOLD
