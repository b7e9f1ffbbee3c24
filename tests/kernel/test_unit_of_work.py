from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from time import sleep

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from folkmoot.kernel import clock
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import Job, JobName, request_job
from folkmoot.kernel.unit_of_work import Announcement, UnitOfWork, reading, unit_of_work


def count(engine: Engine) -> int:
    with reading(engine) as uow:
        return int(uow.session.scalar(sa.select(sa.func.count()).select_from(Job)) or 0)


def ask(uow: UnitOfWork) -> Job:
    return request_job(uow, JobName.FIT_CONSENSUS, subject_id=new_id())


def test_what_was_added_is_there_after_the_block(engine: Engine) -> None:
    with unit_of_work(engine) as uow:
        ask(uow)

    assert count(engine) == 1


def test_a_failure_takes_everything_back_and_tells_nobody(engine: Engine) -> None:
    told: list[Announcement] = []

    def ask_and_fail() -> None:
        with unit_of_work(engine, told.append) as uow:
            ask(uow)
            uow.after_commit(lambda: told.append(Announcement("mail", "")))
            uow.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_and_fail()
    assert count(engine) == 0
    assert told == []


def test_the_queue_is_told_only_when_the_row_can_be_read(engine: Engine) -> None:
    seen: list[int] = []

    with unit_of_work(engine, lambda _announcement: seen.append(count(engine))) as uow:
        ask(uow)

    assert seen == [1]


def test_the_same_work_is_announced_once(engine: Engine) -> None:
    told: list[Announcement] = []

    with unit_of_work(engine, told.append) as uow:
        for _ in range(3):
            uow.announce(Announcement("seal-log", "log"))

    assert told == [Announcement("seal-log", "log")]


def test_an_announcer_that_fails_takes_nothing_back(engine: Engine) -> None:
    def is_down(_announcement: Announcement) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError), unit_of_work(engine, is_down) as uow:
        ask(uow)

    assert count(engine) == 1


def test_objects_can_be_read_after_the_commit(engine: Engine) -> None:
    with unit_of_work(engine) as uow:
        job = ask(uow)

    assert job.name is JobName.FIT_CONSENSUS
    assert job.requested_at <= clock.now()


def test_what_a_reader_adds_is_not_kept(engine: Engine) -> None:
    # PostgreSQL refuses it at once; SQLite forgets it.
    with suppress(DBAPIError), reading(engine) as uow:
        ask(uow)
        uow.session.flush()

    assert count(engine) == 0


def test_a_writer_who_waits_does_not_stand_in_the_way_of_the_one_who_writes(engine: Engine) -> None:
    waits = Event()

    def wait_for_a_turn() -> None:
        waits.set()
        with unit_of_work(engine) as uow:
            ask(uow)

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(engine) as uow:
            uow.connection.exec_driver_sql("SELECT 1")
            waiting = pool.submit(wait_for_a_turn)
            waits.wait(timeout=10)
            sleep(0.2)
            ask(uow)  # asks for the session only now
        waiting.result(timeout=10)

    assert count(engine) == 2
