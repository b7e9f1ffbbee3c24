from datetime import UTC, datetime
from enum import StrEnum
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from folkmoot.kernel.db import enum_type, make_engine
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import Job, JobName
from folkmoot.kernel.unit_of_work import reading, unit_of_work


class Colour(StrEnum):
    LIGHT_RED = "light-red"


def job() -> Job:
    return Job(name=JobName.SEAL_LOG, subject_id=new_id(), requested_at=datetime.now(UTC))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "is not a database address"),
        ("mysql://somewhere/x", "SQLite or PostgreSQL, not on 'mysql'"),
    ],
)
def test_another_database_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        make_engine(url)


def test_sqlite_keeps_references_and_what_was_committed(tmp_path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")

    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "journal_mode", "synchronous")
        }

    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2}


def test_a_savepoint_that_is_rolled_back_leaves_nothing(engine: Engine) -> None:
    with unit_of_work(engine) as uow:
        savepoint = uow.session.begin_nested()
        uow.session.add(job())
        uow.session.flush()
        savepoint.rollback()
        uow.session.add(job())

    with reading(engine) as uow:
        assert len(uow.session.scalars(sa.select(Job)).all()) == 1


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    seen: list[int] = []

    def read() -> None:
        with reading(engine) as uow:
            seen.append(len(uow.session.scalars(sa.select(Job)).all()))

    with unit_of_work(engine) as uow:
        uow.session.add(job())
        uow.session.flush()
        reader = Thread(target=read)
        reader.start()
        reader.join(timeout=10)

    assert seen == [0]


def test_enums_are_stored_by_value_on_both(engine: Engine) -> None:
    table = sa.Table("colours", sa.MetaData(), sa.Column("colour", enum_type(Colour)))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert().values(colour=Colour.LIGHT_RED))
        stored = connection.exec_driver_sql("SELECT colour FROM colours").scalar_one()
        read = connection.execute(sa.select(table.c.colour)).scalar_one()
        table.drop(connection)

    assert stored == "light-red"
    assert read is Colour.LIGHT_RED


def test_times_come_back_aware(engine: Engine) -> None:
    asked = datetime(2026, 11, 22, 12, 30, 0, 123456, tzinfo=UTC)
    one = Job(name=JobName.SEAL_LOG, subject_id=new_id(), requested_at=asked)
    with unit_of_work(engine) as uow:
        uow.session.add(one)

    with reading(engine) as uow:
        read = uow.session.get(Job, one.id)
        assert read is not None
        assert read.requested_at == asked
        assert read.requested_at.tzinfo is not None


def test_postgresql_starts_no_helpers_and_no_compiler(kernel_postgres: Engine) -> None:
    with kernel_postgres.connect() as connection:
        shown = [
            connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("max_parallel_workers_per_gather", "jit")
        ]
    assert shown == ["0", "off"]
