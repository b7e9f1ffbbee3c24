"""Writers that come together share a commit: nobody goes on before it, and each fails alone."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread, current_thread

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Field, SQLModel, col, select

from folkmoot.kernel import group_commit
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.group_commit import group_of
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work


class Noted(SQLModel, table=True):
    """A row of these tests, in no schema of ours."""

    metadata = sa.MetaData()
    __tablename__ = "noted_by_a_group"
    n: int = Field(primary_key=True)
    text: str = ""


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a transaction last as long as a test wants it to."""
    monkeypatch.setattr(group_commit, "LONGEST_SECONDS", 60)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = make_engine(f"sqlite:///{tmp_path / 'group.sqlite'}")
    with unit_of_work(engine) as uow:
        uow.connection.execute(
            sa.text("CREATE TABLE noted_by_a_group (n INTEGER PRIMARY KEY, text TEXT)")
        )
    return engine


Work = Callable[[UnitOfWork], None]


class Writer(Thread):
    """A thread with one unit of work, and what became of it."""

    def __init__(self, engine: Engine, work: Work) -> None:
        super().__init__(daemon=True)
        self.engine, self.work = engine, work
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with unit_of_work(self.engine) as uow:
                self.work(uow)
        except (DBAPIError, ZeroDivisionError) as error:
            self.error = error


def put(number: int) -> Work:
    return lambda uow: uow.session.add(Noted(n=number))


def put_by_sql(number: int) -> Work:
    def work(uow: UnitOfWork) -> None:
        uow.connection.execute(sa.text(f"INSERT INTO noted_by_a_group VALUES ({number}, '')"))

    return work


def put_and_fail(number: int) -> Work:
    def work(uow: UnitOfWork) -> None:
        put_by_sql(number)(uow)
        raise ZeroDivisionError

    return work


def put_too_much(uow: UnitOfWork) -> None:
    text = "x" * 10_000_000
    uow.connection.execute(
        sa.text("INSERT INTO noted_by_a_group VALUES (99, :text)"), {"text": text}
    )


def numbers(engine: Engine) -> list[int]:
    with reading(engine) as uow:
        return list(uow.session.exec(select(Noted.n).order_by(col(Noted.n))))


@contextmanager
def counted_commits(engine: Engine) -> Iterator[list[object]]:
    seen: list[object] = []

    def note(connection: object) -> None:
        seen.append(connection)

    sa.event.listen(engine, "commit", note)
    yield seen
    sa.event.remove(engine, "commit", note)


def write_together(engine: Engine, first: Work, *others: Work) -> list[Writer]:
    """Let the first one write until all others wait for their turn, in this order."""
    group = group_of(engine)
    assert group is not None
    all_wait = Event()

    def hold(uow: UnitOfWork) -> None:
        first(uow)
        uow.flush()
        assert all_wait.wait(10)

    writers = [Writer(engine, hold)]
    writers[0].start()
    while not group._is_busy:
        time.sleep(0.001)
    for number, work in enumerate(others, start=1):
        writers.append(Writer(engine, work))
        writers[-1].start()
        while len(group._waiting) < number:
            time.sleep(0.001)
    all_wait.set()
    for writer in writers:
        writer.join(20)
        assert not writer.is_alive()
    return writers


def test_who_comes_while_another_writes_shares_its_commit(engine: Engine) -> None:
    with counted_commits(engine) as commits:
        writers = write_together(engine, put(1), put(2), put_by_sql(3), put(4))

    assert [writer.error for writer in writers] == [None] * 4
    assert numbers(engine) == [1, 2, 3, 4]
    assert len(commits) == 1


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_failure_undoes_its_own_work_alone(engine: Engine, position: int) -> None:
    works = [put(1), put_by_sql(2), put(3)]
    works[position] = put_and_fail(9)
    if position == 0:  # the holder fails only after the others have come
        works[0] = put_by_sql(1)
        works[1] = put_and_fail(9)
    writers = write_together(engine, *works)

    failed = [writer for writer in writers if writer.error is not None]
    assert [type(one.error) for one in failed] == [ZeroDivisionError]
    assert 9 not in numbers(engine)
    assert len(numbers(engine)) == 2


def test_a_flush_that_is_refused_leaves_what_others_wrote(engine: Engine) -> None:
    writers = write_together(engine, put(1), put(1), put(2))

    assert [type(one.error) for one in writers] == [type(None), IntegrityError, type(None)]
    assert numbers(engine) == [1, 2]


def test_a_full_disk_keeps_nobodys_work_and_says_so_to_all(engine: Engine) -> None:
    put_pages = sa.text("PRAGMA max_page_count = 20")
    sa.event.listen(engine, "begin", lambda connection: connection.execute(put_pages))
    writers = write_together(engine, put(1), put_too_much, put(2))

    told = [writer.error for writer in writers]
    assert isinstance(told[0], OperationalError)
    assert isinstance(told[1], OperationalError)
    # Whoever came after the loss wrote in a transaction of their own.
    assert told[2] is None
    assert numbers(engine) == [2]


def test_a_commit_that_fails_is_an_error_for_every_member(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("COMMIT", None, Exception("disk I/O error"))

    with monkeypatch.context() as broken:
        broken.setattr(engine.dialect, "do_commit", refuse)
        writers = write_together(engine, put(1), put(2), put_and_fail(3))

    told = [type(writer.error) for writer in writers]
    assert told == [OperationalError, OperationalError, ZeroDivisionError]
    assert numbers(engine) == []
    write_together(engine, put(5))
    assert numbers(engine) == [5]


def test_nobody_goes_on_before_the_commit(engine: Engine) -> None:
    seen: list[list[int]] = []
    ends, may_end = Event(), Event()

    def last(uow: UnitOfWork) -> None:
        put(2)(uow)
        ends.set()
        assert may_end.wait(10)

    def watch() -> None:
        assert ends.wait(10)
        seen.append(numbers(engine))
        seen.append([int(one.is_alive()) for one in writers_seen])
        may_end.set()

    writers_seen: list[Thread] = []
    watcher = Thread(target=watch)
    watcher.start()

    def first(uow: UnitOfWork) -> None:
        put(1)(uow)
        writers_seen.append(current_thread())

    write_together(engine, first, last)
    watcher.join()

    assert seen == [[], [1]]
    assert numbers(engine) == [1, 2]


def test_an_old_transaction_takes_no_more_members(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LONGEST_SECONDS", 0)
    with counted_commits(engine) as commits:
        write_together(engine, put(1), put(2), put(3))

    assert len(commits) == 3


def test_after_a_transaction_that_could_not_begin_the_next_one_writes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("BEGIN", None, Exception("unable to open database file"))

    with monkeypatch.context() as broken:
        broken.setattr(engine, "connect", refuse)
        with pytest.raises(OperationalError), unit_of_work(engine) as uow:
            put(1)(uow)
    write_together(engine, put(2), put(3))

    assert numbers(engine) == [2, 3]


class Interrupted(BaseException):
    """What a signal's handler raises, in whatever the main thread does."""


@pytest.mark.parametrize("others", [[], [2, 3]])
def test_who_is_interrupted_while_it_waits_keeps_nobody_waiting(
    engine: Engine, others: list[int]
) -> None:
    group = group_of(engine)
    assert group is not None
    has_begun, may_end = Event(), Event()

    def hold(uow: UnitOfWork) -> None:
        put_by_sql(1)(uow)
        has_begun.set()
        assert may_end.wait(10)

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    writers = [Writer(engine, hold), *(Writer(engine, put(number)) for number in others)]
    writers[0].start()
    assert has_begun.wait(10)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted), unit_of_work(engine) as uow:
            put(9)(uow)
    finally:
        signal.signal(signal.SIGALRM, before)
    for writer in writers[1:]:
        writer.start()
    may_end.set()
    for writer in writers:
        writer.join(10)

    assert [writer.is_alive() for writer in writers] == [False] * len(writers)
    with unit_of_work(engine) as uow:
        put(4)(uow)
    assert numbers(engine) == [1, *others, 4]
    assert not group._is_busy


@pytest.mark.parametrize("is_handed_over", [False, True])
def test_a_turn_that_comes_to_one_who_was_interrupted_goes_to_the_next(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, is_handed_over: bool
) -> None:
    monkeypatch.setattr(group_commit, "LONGEST_SECONDS", 60 if is_handed_over else 0)
    wait = group_commit._Member.wait

    def wait_and_be_interrupted(member: group_commit._Member, seconds: float = -1) -> bool:
        came = wait(member, seconds)
        if seconds != -1 and current_thread().name == "interrupted":
            raise ZeroDivisionError
        return came

    monkeypatch.setattr(group_commit._Member, "wait", wait_and_be_interrupted)

    def named(uow: UnitOfWork) -> None:
        put(9)(uow)

    started = Thread.start

    def start(thread: Thread) -> None:
        if getattr(thread, "work", None) is named:
            thread.name = "interrupted"
        started(thread)

    monkeypatch.setattr(Writer, "start", start)
    writers = write_together(engine, put(1), named, put(2))

    assert [type(one.error) for one in writers] == [type(None), ZeroDivisionError, type(None)]
    assert numbers(engine) == [1, 2]
