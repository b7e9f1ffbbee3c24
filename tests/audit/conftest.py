"""A database of each kind with the whole schema, and a log with a key."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel, col, select

from audit.actions import Action
from audit.keeping import CheckpointKeeper
from audit.keys import LogKey
from audit.merkle import Frontier, leaf_hash
from audit.models import Entry, LogHead, SignedCheckpoint
from audit.recording import Recorded, record
from audit.sealing import BATCH, seal_log
from audit.signing_keys import SigningKey
from audit.verification import ClaimSource, Verdict, verify_log
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import reading, unit_of_work
from folkmoot.runtime.postgres import TemporaryPostgres

from .long_log import LongLog, fill

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
        self.keeper: CheckpointKeeper | None = None
        self.key = LogKey(ORIGIN, SigningKey.generate(ORIGIN))

    def record(self, actor: Actor = ACTOR, **personal: str) -> Recorded:
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

    def seal(self, *, batch: int = BATCH) -> int:
        with unit_of_work(self.engine) as uow:
            checkpoint = seal_log(uow, self.key, keeper=self.keeper, batch=batch)
        return checkpoint.size if checkpoint else 0

    def verify(self, *claims: ClaimSource, kept: Sequence[str] = ()) -> Verdict:
        with reading(self.engine) as uow:
            return verify_log(uow, verifier=self.key.verifier, claims=claims, kept=kept)

    def checkpoint(self) -> str:
        """Return the newest signed note."""
        with reading(self.engine) as uow:
            statement = select(SignedCheckpoint.note).order_by(col(SignedCheckpoint.size).desc())
            return str(uow.session.exec(statement).first())

    def rewind(self, size: int) -> None:
        """Take the head back to a size, as a rewriter without the key would."""
        with unit_of_work(self.engine) as uow:
            leaves = uow.session.exec(
                select(Entry.leaf_hash)
                .where(col(Entry.leaf_index) < size)
                .order_by(col(Entry.leaf_index))
            ).all()
            head = uow.session.exec(select(LogHead)).one()
            frontier = Frontier().extend(leaves)
            head.size, head.frontier = size, {"hashes": list(frontier.to_hex())}
        self.tamper("DELETE FROM audit_checkpoint WHERE size > :n", n=size)

    def truncate(self, size: int) -> None:
        """Cut the log off at an earlier checkpoint, and leave no trace in the database."""
        self.rewind(size)
        later = "(SELECT id FROM audit_entry WHERE leaf_index >= :n)"
        self.tamper(f"DELETE FROM audit_disclosure WHERE entry_id IN {later}", n=size)
        self.tamper("DELETE FROM audit_entry WHERE leaf_index >= :n", n=size)
        self.tamper(
            "DELETE FROM audit_actor_counter WHERE actor_id NOT IN "
            "(SELECT actor_id FROM audit_entry)"
        )

    def rewrite(self, size: int) -> None:
        """Forge and unseal what follows a checkpoint, so that it is sealed again as if new."""
        self.rewind(size)
        with unit_of_work(self.engine) as uow:
            later = select(Entry).where(col(Entry.leaf_index) >= size)
            for entry in uow.session.exec(later):
                entry.envelope = entry.envelope.replace(b"0.75", b"0.05")
                entry.leaf_hash = leaf_hash(entry.envelope)
                entry.leaf_index = None

    def forget_texts(self, *indices: int) -> None:
        """Delete the texts of entries, as no erasure would."""
        of = ", ".join(str(index) for index in indices)
        entries = f"(SELECT id FROM audit_entry WHERE leaf_index IN ({of}))"
        self.tamper(f"DELETE FROM audit_disclosure WHERE entry_id IN {entries}")

    def tamper(self, statement: str, **values: object) -> None:
        """Do what a database administrator can do."""
        with self.engine.begin() as connection:
            changed = connection.execute(sa.text(statement), values).rowcount
        assert changed, "the tampering changed nothing"


@pytest.fixture
def log(engine: Engine) -> Log:
    return Log(engine)


@pytest.fixture(scope="session")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongLog]:
    """A log of 70,000 entries, which tests only read."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('long') / 'log.sqlite'}")
    SQLModel.metadata.create_all(engine)
    key = LogKey(ORIGIN, SigningKey.generate(ORIGIN))
    fill(engine, key)
    yield LongLog(engine, key)
    engine.dispose()
