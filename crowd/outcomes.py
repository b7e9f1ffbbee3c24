"""Outcomes: what turned out to be true. Measured against; never shown, never learned from."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from audit.actions import Action
from audit.canonical import digest
from audit.recording import record
from crowd.models import Project
from crowd.projects import project_by_id
from crowd.tables import OUTCOME
from crowd.task_rows import LONGEST_ID
from crowd.task_types import task_type_of
from crowd.text import PlainText, refuse_null
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork

_BATCH = 1000


class OutcomeRow(BaseModel):
    """What turned out to be true of one case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    external_id: PlainText = Field(min_length=1, max_length=LONGEST_ID)
    answer: Json


def import_outcomes(
    uow: UnitOfWork, actor: Actor, *, project_id: UUID, rows: Sequence[OutcomeRow], source: str
) -> int:
    """Store outcomes, the newest in place of an older one, and return how many cases they name.

    All of them or none: raise InvalidInput that names each answer which the schema does not allow.
    """
    refuse_null(source, "/source")
    project = project_by_id(uow, project_id=project_id)
    _check(project, rows)
    answers = {row.external_id: row.answer for row in rows}
    for batch in _batches(answers):
        _store(uow.session.connection(), project_id, batch, source)
    _record(uow, actor, project_id, answers, source)
    return len(answers)


def _check(project: Project, rows: Sequence[OutcomeRow]) -> None:
    kind = task_type_of(project.task_type)
    problems = []
    for index, row in enumerate(rows):
        try:
            kind.check_answer(project.answer_schema, row.answer, None)
        except InvalidInput as error:
            problems.append(FieldProblem(f"/rows/{index}/answer", error.message))
    if problems:
        raise InvalidInput(
            f"{len(problems)} of {len(rows)} outcomes have an answer that is not allowed.",
            fields=problems[:100],
        )


def _batches(answers: dict[str, Json]) -> Iterator[list[tuple[str, Json]]]:
    items = list(answers.items())
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _store(
    connection: Connection, project_id: UUID, batch: Sequence[tuple[str, Json]], source: str
) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(OUTCOME)
    newest = {name: statement.excluded[name] for name in ("answer", "source", "recorded_at")}
    now = clock.now()
    connection.execute(
        statement.on_conflict_do_update(index_elements=["project_id", "external_id"], set_=newest),
        [
            {
                "project_id": project_id,
                "external_id": external_id,
                "answer": answer,
                "source": source,
                "recorded_at": now,
            }
            for external_id, answer in batch
        ],
    )


def _record(
    uow: UnitOfWork, actor: Actor, project_id: UUID, answers: dict[str, Json], source: str
) -> None:
    facts: JsonObject = {"count": len(answers)}
    # Who knows all cases finds by the digest of a few which they were; the source is typed.
    personal = {"answers_digest": digest(answers), "source": source}
    record(
        uow,
        actor,
        Action.OUTCOMES_IMPORTED,
        subject_type="project",
        subject_id=project_id,
        project_id=project_id,
        facts=facts,
        personal=personal,
        personal_of=actor.id,
    )
