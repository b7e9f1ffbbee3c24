"""A database of each kind with the whole schema, and a log with a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from audit.actions import Action
from audit.keys import LogKey
from audit.models import Entry
from audit.recording import record
from audit.sealing import seal_log
from audit.signing_keys import SigningKey
from audit.verification import ClaimSource, Verdict, verify_log
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import reading, unit_of_work
from folkmoot.runtime.postgres import TemporaryPostgres

ORIGIN = "test.example/log"
ACTOR = Actor(new_id(), "Odile")


@pytest.fixture(scope="session")
def audit_postgres(postgres_server: TemporaryPostgres) -> Iterator[Engine]:
    engine = make_engine(postgres_server.create_database("audit"))
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'audit.sqlite'}")
        SQLModel.metadata.create_all(engine)
        yield engine
        engine.dispose()
        return
    engine = request.getfixturevalue("audit_postgres")
    yield engine
    names = ", ".join(f'"{table.name}"' for table in SQLModel.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names}"))


class Log:
    """A log under test."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.key = LogKey(ORIGIN, SigningKey.generate(ORIGIN))

    def record(self, actor: Actor = ACTOR, **personal: str) -> Entry:
        with unit_of_work(self.engine) as uow:
            return record(
                uow,
                actor,
                Action.POLICY_SET,
                subject_type="policy",
                subject_id=new_id(),
                facts={"hold_below": 0.75},
                personal=personal,
            )

    def seal(self) -> int:
        with unit_of_work(self.engine) as uow:
            checkpoint = seal_log(uow, self.key)
        return checkpoint.size if checkpoint else 0

    def verify(self, *claims: ClaimSource) -> Verdict:
        with reading(self.engine) as uow:
            return verify_log(uow, verifier=self.key.verifier, claims=claims)

    def tamper(self, statement: str, **values: object) -> None:
        """Do what a database administrator can do."""
        with self.engine.begin() as connection:
            changed = connection.execute(sa.text(statement), values).rowcount
        assert changed, "the tampering changed nothing"


@pytest.fixture
def log(engine: Engine) -> Log:
    return Log(engine)
