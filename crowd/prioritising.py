"""The priority of many tasks at once; it holds from the next hand-out, and costs that nothing.

The queue is kept in order when priorities are set, so that handing out is one look at its head.
A task that already waits goes to the end of what came back with its new priority: nobody's search
has passed that, so nobody misses it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.canonical import digest
from audit.recording import record
from crowd.models import TaskUse
from crowd.places import MOST_PRIORITY, return_places
from crowd.projects import locked_project
from crowd.tables import TASK
from crowd.task_rows import LONGEST_ID
from crowd.text import PlainText
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.unit_of_work import UnitOfWork

MOST_TASKS_AT_ONCE = 100_000
# Unknown tasks are named up to so many; who sent thousands has mistaken the project.
MOST_NAMED = 20
# Fewer than SQLite and PostgreSQL take as parameters of one statement.
_AT_ONCE = 5_000

_Item = TypeVar("_Item")
ExternalId = Annotated[PlainText, Field(min_length=1, max_length=LONGEST_ID)]
Priority = Annotated[int, Field(ge=-MOST_PRIORITY, le=MOST_PRIORITY)]


@dataclass(frozen=True)
class Prioritised:
    """How many tasks have another priority now, and how many had it already."""

    changed: int
    unchanged: int


class FoundTask(NamedTuple):
    """A task as those who name tasks by their external id need it."""

    id: UUID
    external_id: str
    position: int
    priority: int
    use: TaskUse


def set_priorities(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, priorities: Mapping[str, int]
) -> Prioritised:
    """Set tasks' priorities, by external id; all of them, or none if one is not known.

    Among tasks of one new priority, those imported first come first. Raise InvalidInput that
    names the unknown tasks, and NotFound for an unknown project.
    """
    locked_project(uow, project_id)  # two such changes at once take turns
    _check(priorities)
    connection = uow.session.connection()
    found = tasks_named(connection, project_id, priorities, "/priorities/{}")
    changed = sorted(
        (task for task in found if priorities[task.external_id] != task.priority),
        key=lambda task: task.position,
    )
    if changed:
        _store(connection, changed, priorities)
        wanted = {task.id: priorities[task.external_id] for task in changed}
        return_places(connection, project_id=project_id, priorities=wanted)
        _record(uow, actor, project_id, changed, priorities)
    return Prioritised(changed=len(changed), unchanged=len(found) - len(changed))


def tasks_named(
    connection: Connection, project_id: UUID, external_ids: Iterable[str], pointer: str
) -> list[FoundTask]:
    """Return the tasks of these external ids, or raise InvalidInput that names those unknown.

    `pointer` is where each stands in what was sent, with {} for its external id.
    """
    wanted = dict.fromkeys(external_ids)
    found = [
        FoundTask(*row)
        for batch in _batches(list(wanted))
        for row in connection.execute(_NAMED, {"of_project": project_id, "names": batch})
    ]
    known = {task.external_id for task in found}
    unknown = [name for name in wanted if name not in known]
    refuse_named(unknown, pointer, "The project has no such task")
    return found


def refuse_named(names: Sequence[str], pointer: str, reason: str) -> None:
    """Raise InvalidInput that names the first of these tasks, if there are any."""
    if not names:
        return
    shown = ", ".join(f"“{name}”" for name in names[:MOST_NAMED])
    more = f", and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    fields = [
        FieldProblem(pointer.format(_in_pointer(name)), f"{reason}: “{name}”.")
        for name in names[:MOST_NAMED]
    ]
    raise InvalidInput(f"{reason}: {shown}{more}. Nothing was changed.", fields=fields)


def _in_pointer(name: str) -> str:
    # RFC 6901, section 3.
    return name.replace("~", "~0").replace("/", "~1")


def _check(priorities: Mapping[str, int]) -> None:
    if not 1 <= len(priorities) <= MOST_TASKS_AT_ONCE:
        sentence = f"Name 1 to {MOST_TASKS_AT_ONCE:,} tasks at once."
        raise InvalidInput(sentence, fields=[FieldProblem("/priorities", sentence)])
    wrong = [name for name, priority in priorities.items() if abs(priority) > MOST_PRIORITY]
    if wrong:
        sentence = f"A priority is a whole number from -{MOST_PRIORITY} to {MOST_PRIORITY}."
        fields = [FieldProblem(f"/priorities/{_in_pointer(name)}", sentence) for name in wrong]
        raise InvalidInput(sentence, fields=fields[:MOST_NAMED])


def _store(
    connection: Connection, tasks: Sequence[FoundTask], priorities: Mapping[str, int]
) -> None:
    """Update tasks, which stay locked until the transaction ends."""
    by_priority: dict[int, list[UUID]] = defaultdict(list)
    for task in tasks:
        by_priority[priorities[task.external_id]].append(task.id)
    _lock(connection, [task.id for task in tasks])
    for priority, ids in by_priority.items():
        for batch in _batches(ids):
            connection.execute(_SET_PRIORITY, {"to_priority": priority, "ids": batch})


def _lock(connection: Connection, task_ids: Iterable[UUID]) -> None:
    """Lock tasks in the order of their ids, as all do who hold several: none waits in a circle."""
    for batch in _batches(sorted(task_ids)):
        connection.execute(_LOCK, {"ids": batch}).all()


def _record(
    uow: UnitOfWork,
    actor: Actor,
    project_id: UUID,
    changed: Sequence[FoundTask],
    priorities: Mapping[str, int],
) -> None:
    # The log keeps which tasks by a digest: of {external id: priority}, in canonical JSON.
    given = {task.external_id: priorities[task.external_id] for task in changed}
    record(
        uow,
        actor,
        Action.TASKS_PRIORITISED,
        subject_type="project",
        subject_id=project_id,
        project_id=project_id,
        facts={
            "n_tasks": len(changed),
            "lowest": min(given.values()),
            "highest": max(given.values()),
        },
        # Who knows all cases finds by the digest of a few which they were.
        personal={"digest": digest(dict(given))},
        personal_of=actor.id,
    )


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


_NAMED = sa.select(
    TASK.c.id, TASK.c.external_id, TASK.c.position, TASK.c.priority, TASK.c.use
).where(
    TASK.c.project_id == sa.bindparam("of_project"),
    TASK.c.external_id.in_(sa.bindparam("names", expanding=True)),
)
_LOCK = (
    sa.select(TASK.c.id)
    .where(TASK.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(TASK.c.id)
    .with_for_update(key_share=True)
)
_SET_PRIORITY = (
    sa.update(TASK)
    .where(TASK.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(priority=sa.bindparam("to_priority"))
)
