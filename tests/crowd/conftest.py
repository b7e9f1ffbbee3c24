"""A database of each kind with the whole schema, and factories for what the crowd's tests need."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel, col, select

import crowd.models  # noqa: F401  # makes its tables known
from crowd.importing import TaskRow, add_rows
from crowd.labelling import SubmittedLabel, submit_label
from crowd.leasing import LeasedTask, next_lease
from crowd.models import Consensus, Project, ProjectState, Task
from crowd.projects import ProjectDraft, change_state, create_project
from folkmoot.identity.models import Account
from folkmoot.kernel import clock
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work
from folkmoot.runtime.postgres import TemporaryPostgres

YES_OR_NO: dict[str, Json] = {"question": "Close follow-up?", "choices": ["yes", "no"]}


@pytest.fixture(scope="session")
def crowd_postgres(postgres_server: TemporaryPostgres) -> Iterator[Engine]:
    engine = make_engine(postgres_server.create_database("crowd"))
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the whole schema, copied for each test: faster than making the tables anew."""
    path = tmp_path_factory.mktemp("crowd") / "empty.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, empty_sqlite: Path, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "postgresql":
        engine = request.getfixturevalue("crowd_postgres")
        yield engine
        _empty(engine)
        return
    path = Path(shutil.copy(empty_sqlite, tmp_path / "crowd.sqlite"))
    engine = make_engine(f"sqlite:///{path}")
    sa.event.listen(engine, "connect", _do_not_wait_for_the_disk)
    yield engine
    engine.dispose()


def _do_not_wait_for_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())


class Crowd:
    """A project with annotators, in the fewest words that a test can say it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.team = self.person("Team")

    def work(self) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work(self.engine)

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return reading(self.engine)

    def person(self, name: str = "Ann") -> Actor:
        account = Account(
            email=f"{new_id()}@example.org", display_name=name, created_at=clock.now()
        )
        with self.work() as uow:
            uow.session.add(account)
        return Actor(id=account.id, name=name)

    def project(self, *, opened: bool = True, **changes: object) -> Project:
        given: dict[str, object] = {
            "slug": f"p-{new_id().hex}",
            "title": "Follow-up",
            "answer_schema": YES_OR_NO,
            "instructions": "Look at the record.",
            "gold_share": 0.0,
            "floor": 1,
            "ceiling": 1,
            "pay_minor": 5,
        }
        draft = ProjectDraft.model_validate(given | changes)
        with self.work() as uow:
            project = create_project(uow, self.team, draft=draft)
            if opened:
                project = change_state(
                    uow, self.team, project_id=project.id, state=ProjectState.OPEN
                )
        return project

    def tasks(self, project: Project, *rows: str | TaskRow) -> None:
        written = [
            row if isinstance(row, TaskRow) else TaskRow(external_id=row, payload={"name": row})
            for row in rows
        ]
        with self.work() as uow:
            add_rows(uow, project_id=project.id, rows=written)

    def lease(self, project: Project, annotator: Actor) -> LeasedTask | None:
        with self.work() as uow:
            return next_lease(uow, project_id=project.id, annotator_id=annotator.id)

    def label(self, annotator: Actor, lease_id: UUID, answer: Json = "yes") -> SubmittedLabel:
        with self.work() as uow:
            return submit_label(
                uow, annotator_id=annotator.id, lease_id=lease_id, answer=answer, active_seconds=4.0
            )

    def answer(self, project: Project, annotator: Actor, answer: Json = "yes") -> SubmittedLabel:
        """Lease the next task, and answer it after the few seconds that `label` says."""
        with clock.moved_to(clock.now() - timedelta(seconds=4)):
            leased = self.lease(project, annotator)
        assert leased is not None
        return self.label(annotator, leased.lease_id, answer)

    def consensus(self, run_id: UUID) -> dict[str, Consensus]:
        """Return what a run found of each task, by its external id."""
        with self.read() as uow:
            rows = uow.session.exec(
                select(Task.external_id, Consensus)
                .join(Consensus, col(Consensus.task_id) == Task.id)
                .where(Consensus.run_id == run_id)
            ).all()
        return dict(rows)

    def read_task(self, project: Project, external_id: str) -> Task:
        with self.read() as uow:
            return uow.session.exec(
                select(Task).where(Task.project_id == project.id, Task.external_id == external_id)
            ).one()


@pytest.fixture
def moot(engine: Engine) -> Crowd:
    return Crowd(engine)
