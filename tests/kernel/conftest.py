"""A database of each kind with the kernel's tables, and one table more to write into."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from folkmoot.kernel.db import make_engine
from folkmoot.kernel.idempotency import KeptAnswer
from folkmoot.kernel.outbox import Job
from folkmoot.runtime.postgres import TemporaryPostgres

TABLES = [Job.__table__, KeptAnswer.__table__]


@pytest.fixture(scope="session")
def kernel_postgres(postgres_server) -> Iterator[Engine]:
    engine = make_engine(postgres_server.create_database("kernel"))
    Job.metadata.create_all(engine, tables=TABLES)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def empty_engine(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: TemporaryPostgres,
) -> Iterator[Engine]:
    """A database of each kind without tables, for a file of tests that has its own."""
    name = request.path.stem
    if request.param == "sqlite":
        made = make_engine(f"sqlite:///{tmp_path_factory.mktemp(name) / 'x.sqlite'}")
    else:
        made = make_engine(postgres_server.create_database(name))
    yield made
    made.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of each kind, without rows."""
    if request.param == "postgresql":
        shared: Engine = request.getfixturevalue("kernel_postgres")
        yield shared
        with shared.begin() as connection:
            connection.execute(sa.text("TRUNCATE job, kept_answer"))
        return
    made = make_engine(f"sqlite:///{tmp_path / 'kernel.sqlite'}")
    Job.metadata.create_all(made, tables=TABLES)
    yield made
    made.dispose()
