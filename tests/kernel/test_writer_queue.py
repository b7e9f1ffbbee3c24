"""Who wants to write to one SQLite file waits in a queue, and a dead one is in nobody's way."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from folkmoot.kernel import db
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.unit_of_work import reading, unit_of_work
from folkmoot.kernel.writer_queue import SUFFIX, queue_of

WRITE_AND_HANG = """
import sys, time
from sqlalchemy import text
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.unit_of_work import unit_of_work
with unit_of_work(make_engine(sys.argv[1])) as uow:
    uow.connection.execute(text("INSERT INTO t VALUES (1)"))
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "q.sqlite"


@pytest.fixture
def engine(file: Path) -> Engine:
    engine = make_engine(f"sqlite:///{file}")
    with unit_of_work(engine) as uow:
        uow.connection.execute(sa.text("CREATE TABLE t (n INTEGER)"))
    return engine


def numbers(engine: Engine) -> list[int]:
    with reading(engine) as uow:
        return list(uow.connection.execute(sa.text("SELECT n FROM t ORDER BY n")).scalars())


def put(engine: Engine, number: int) -> None:
    with unit_of_work(engine) as uow:
        uow.connection.execute(sa.text("INSERT INTO t VALUES (:n)"), {"n": number})


def put_and_fail(engine: Engine) -> None:
    with unit_of_work(engine) as uow:
        uow.connection.execute(sa.text("INSERT INTO t VALUES (9)"))
        raise ZeroDivisionError


def test_a_killed_writer_leaves_nothing_and_is_in_nobodys_way(engine: Engine, file: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_HANG, f"sqlite:///{file}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    with writer:
        assert writer.stdout.readline() == "written\n"
        waiting = Thread(target=put, args=(engine, 2))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        os.kill(writer.pid, signal.SIGKILL)
        waiting.join(10)

    assert numbers(engine) == [2]


def test_the_next_one_writes_after_a_commit_a_failure_and_a_refusal(engine: Engine) -> None:
    put(engine, 1)
    with pytest.raises(ZeroDivisionError):
        put_and_fail(engine)
    with pytest.raises(OperationalError), unit_of_work(engine) as uow:
        uow.connection.execute(sa.text("INSERT INTO nowhere VALUES (9)"))
    put(engine, 2)

    assert numbers(engine) == [1, 2]


def test_a_reader_and_one_who_only_computes_do_not_queue(engine: Engine) -> None:
    with unit_of_work(engine) as uow:
        uow.connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        assert numbers(engine) == []
        with unit_of_work(engine):
            pass


def test_who_waits_in_vain_is_told_that_the_database_is_locked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("folkmoot.kernel.unit_of_work.LOCK_WAIT_SECONDS", 0.1)
    with unit_of_work(engine) as uow:
        uow.connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        with pytest.raises(OperationalError, match="locked"):
            put(engine, 2)  # a transaction within another one waits for itself
    put(engine, 3)

    assert numbers(engine) == [1, 3]


def test_a_foreign_program_holds_the_lock_beside_the_file(engine: Engine, file: Path) -> None:
    with file.with_name(file.name + SUFFIX).open() as foreign:
        fcntl.flock(foreign, fcntl.LOCK_EX)
        waiting = Thread(target=put, args=(engine, 1))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        fcntl.flock(foreign, fcntl.LOCK_UN)
        waiting.join(10)

    assert numbers(engine) == [1]


def test_all_engines_of_a_process_stand_in_one_queue(engine: Engine, file: Path) -> None:
    others = [make_engine(f"sqlite:///{file}") for _ in range(3)]
    began = time.monotonic()
    threads = [Thread(target=put, args=(one, n)) for n, one in enumerate([engine, *others] * 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers(engine) == list(range(20))
    assert time.monotonic() - began < db.LOCK_WAIT_SECONDS
    assert queue_of(file.resolve()) is queue_of(file.resolve())


def test_a_rested_connection_that_died_is_replaced_unseen(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "REST_SECONDS", 0.0)
    engine = make_engine(postgres_url)
    with engine.connect() as connection:
        mine = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    another = make_engine(postgres_url)
    with another.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})

    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one() != mine
    engine.dispose()
    another.dispose()
