"""Which rules of a project may change while it runs, and which would wrong somebody.

What may change at any time takes effect with the next task that is handed out. What is given
stays given: a lower floor or ceiling takes back no place that tasks have already.
"""

from collections.abc import Iterator, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crowd.models import LeaseState, Project, ProjectState
from crowd.tables import EARNING, LEASE, TASK
from crowd.widening import is_wider
from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict, FieldProblem


def refuse_unsafe(connection: Connection, project: Project, after: Mapping[str, object]) -> None:
    """Raise Conflict that says of each changed rule why it cannot change now."""
    if project.state is ProjectState.CLOSED:
        raise Conflict("A closed project keeps the rules that it was closed with.")
    problems = list(_reasons_against(connection, project, after))
    if problems:
        raise Conflict(" ".join(each.message for each in problems), fields=problems)


def _reasons_against(
    connection: Connection, project: Project, after: Mapping[str, object]
) -> Iterator[FieldProblem]:
    is_begun = project.state is not ProjectState.DRAFT or _exists(connection, TASK, project.id)
    if "task_type" in after and is_begun:
        yield FieldProblem(
            "/task_type", "The task type can change only in a draft that has no tasks yet."
        )
    elif "answer_schema" in after and is_begun and not _only_widens(project, after):
        yield FieldProblem(
            "/answer_schema",
            "Answers were asked for already: choices can be added after those there are, and"
            " words mended, but no answer can be taken away.",
        )
    if "currency" in after and _exists(connection, EARNING, project.id):
        yield FieldProblem(
            "/currency", "The currency cannot change any more: answers were paid in it."
        )
    if _pays_less(project, after) and _may_be_answered(connection, project):
        yield FieldProblem(
            "/pay_minor",
            "Pay cannot be lowered while tasks are out at the old pay. Pause the project, and"
            " lower it when they are answered or their time is over.",
        )


def _only_widens(project: Project, after: Mapping[str, object]) -> bool:
    schema: object = after["answer_schema"]
    return isinstance(schema, dict) and is_wider(project.answer_schema, schema)


def _pays_less(project: Project, after: Mapping[str, object]) -> bool:
    pay = after.get("pay_minor")
    return isinstance(pay, int) and pay < project.pay_minor


def _may_be_answered(connection: Connection, project: Project) -> bool:
    if project.state is ProjectState.OPEN:
        return True
    running = sa.select(1).where(
        LEASE.c.project_id == project.id,
        LEASE.c.state == LeaseState.HELD,
        LEASE.c.expires_at > clock.now(),
    )
    return connection.execute(running.limit(1)).first() is not None


def _exists(connection: Connection, table: sa.Table, project_id: UUID) -> bool:
    found = sa.select(1).where(table.c.project_id == project_id).limit(1)
    return connection.execute(found).first() is not None
