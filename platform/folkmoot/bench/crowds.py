"""Projects and annotators for a measurement, made through the real services."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.engine import Engine

from crowd.importing import TaskRow, add_rows
from crowd.models import Project, ProjectState
from crowd.projects import ProjectDraft, change_state, create_project
from folkmoot.identity.models import Account
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import unit_of_work

ANSWERS = ("yes", "no")
QUESTION: dict[str, Json] = {"question": "Close follow-up?", "choices": list(ANSWERS)}


def make_people(engine: Engine, count: int) -> list[Actor]:
    """Make accounts, and return them as actors."""
    accounts = [
        Account(
            email=f"{new_id()}@bench.example",
            display_name=f"Annotator {number}",
            created_at=clock.now(),
        )
        for number in range(count)
    ]
    with unit_of_work(engine) as uow:
        uow.session.add_all(accounts)
    return [Actor(id=account.id, name=account.display_name) for account in accounts]


def make_project(engine: Engine, team: Actor, **rules: object) -> Project:
    """Make an open project that asks for a yes or a no."""
    given: dict[str, object] = {
        "slug": f"bench-{new_id().hex[-12:]}",
        "title": "Measured",
        "answer_schema": QUESTION,
        "instructions": "Look at the record.",
        "gold_share": 0.0,
        "pay_minor": 5,
    }
    draft = ProjectDraft.model_validate(given | rules)
    with unit_of_work(engine) as uow:
        project = create_project(uow, team, draft=draft)
        return change_state(uow, team, project_id=project.id, state=ProjectState.OPEN)


def add_tasks(engine: Engine, project_id: UUID, names: Sequence[str]) -> None:
    """Add ordinary tasks to a project."""
    rows = [TaskRow(external_id=name, payload={"name": name}) for name in names]
    with unit_of_work(engine) as uow:
        add_rows(uow, project_id=project_id, rows=rows)
