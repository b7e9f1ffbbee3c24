"""Changes that wait for each other: nobody who looks misses one, and what is undone is gone."""

import gc
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from folkmoot.kernel.compiled import Compiled
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import unit_of_work

METADATA = sa.MetaData()
BOOK = sa.Table(
    "book", METADATA, sa.Column("id", sa.Uuid, primary_key=True), sa.Column("title", sa.String)
)
LOAN = sa.Table(
    "loan",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("book_id", sa.ForeignKey("book.id")),
    sa.Column("days", sa.Integer),
)
ADD_BOOK = Statement(sa.insert(BOOK))
ADD_LOAN = Statement(sa.insert(LOAN))
RENAME = Statement(sa.update(BOOK).where(BOOK.c.id == sa.bindparam("of")), sets=("title",))
PROLONG = Statement(
    sa.update(LOAN)
    .where(LOAN.c.id == sa.bindparam("of"))
    .values(days=LOAN.c.days + sa.bindparam("more", type_=sa.Integer))
)
COUNT = sa.select(sa.func.count().label("n")).select_from(LOAN)
TITLES = sa.select(BOOK.c.title).order_by(BOOK.c.title)


@pytest.fixture(scope="module")
def library(empty_engine: Engine) -> Engine:
    METADATA.create_all(empty_engine)
    return empty_engine


@pytest.fixture
def book(library: Engine) -> Iterator[UUID]:
    book_id = uuid4()
    with unit_of_work(library) as uow:
        ADD_BOOK.run(uow.connection, {"id": book_id, "title": "Emma"})
    yield book_id
    with unit_of_work(library) as uow:
        uow.connection.execute(sa.delete(LOAN))
        uow.connection.execute(sa.delete(BOOK))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    execute = Compiled.execute_as

    def noted(compiled: Compiled, connection: Connection, sql: str, arguments: object) -> object:
        sent.append(sql)
        return execute(compiled, connection, sql, arguments)

    monkeypatch.setattr(Compiled, "execute_as", noted)
    return sent


def lend(connection: Connection, book: UUID) -> UUID:
    loan_id = uuid4()
    ADD_LOAN.later(connection, {"id": loan_id, "book_id": book, "days": 7})
    return loan_id


def test_changes_of_rows_apart_go_in_one_statement_on_postgresql(library, book, sent):
    with unit_of_work(library) as uow:
        lend(uow.connection, book)
        RENAME.later(uow.connection, {"of": book, "title": "Persuasion"})
        lend(uow.connection, book)

    assert len(sent) == (1 if library.dialect.name == "postgresql" else 3)
    with library.connect() as connection:
        assert connection.execute(TITLES).scalars().all() == ["Persuasion"]
        assert connection.execute(COUNT).scalar_one() == 2


def test_changes_of_one_row_all_happen_in_their_order(library, book):
    with unit_of_work(library) as uow:
        loan_id = lend(uow.connection, book)
        PROLONG.later(uow.connection, {"of": loan_id, "more": 7})
        PROLONG.later(uow.connection, {"of": loan_id, "more": 1})

    with library.connect() as connection:
        assert connection.execute(sa.select(LOAN.c.days)).scalar_one() == 15


def test_whoever_looks_sees_what_waited(library, book):
    count = Statement(COUNT)
    with unit_of_work(library) as uow:
        lend(uow.connection, book)
        assert count.first(uow.connection, {}).n == 1
        lend(uow.connection, book)
        assert uow.connection.execute(COUNT).scalar_one() == 2
        lend(uow.connection, book)
        assert uow.session.execute(COUNT).scalar_one() == 3
        lend(uow.connection, book)
        assert uow.connection.exec_driver_sql("SELECT count(*) FROM loan").scalar_one() == 4


def test_only_a_statement_that_says_so_runs_ahead(library, book):
    ahead = Statement(COUNT, ahead=True)
    with unit_of_work(library) as uow:
        lend(uow.connection, book)
        seen = ahead.first(uow.connection, {}).n

    assert seen == (0 if library.dialect.name == "postgresql" else 1)


def test_what_waits_in_a_transaction_that_is_undone_never_happens(library, book):
    def give_up() -> None:
        with unit_of_work(library) as uow:
            lend(uow.connection, book)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    with unit_of_work(library) as uow:
        assert uow.connection.execute(COUNT).scalar_one() == 0


def test_what_waits_on_a_connection_that_somebody_let_go_of_never_happens(library, book):
    connection = library.connect()
    connection.begin()
    lend(connection, book)
    del connection
    gc.collect()

    with unit_of_work(library) as uow:
        assert uow.connection.execute(COUNT).scalar_one() == 0


def test_what_waits_in_a_savepoint_that_is_undone_never_happens_and_the_rest_does(library, book):
    with unit_of_work(library) as uow:
        lend(uow.connection, book)
        savepoint = uow.connection.begin_nested()
        lend(uow.connection, book)
        savepoint.rollback()
        with uow.connection.begin_nested():
            lend(uow.connection, book)

    with library.connect() as connection:
        assert connection.execute(COUNT).scalar_one() == 2


def test_a_commit_without_a_unit_of_work_leaves_nothing_behind(library, book):
    with Session(library) as session:
        lend(session.connection(), book)
        session.commit()

    with library.connect() as connection:
        assert connection.execute(COUNT).scalar_one() == 1


def test_a_broken_rule_undoes_all_and_names_no_value(library, book):
    def break_it() -> None:
        with unit_of_work(library) as uow:
            RENAME.later(uow.connection, {"of": book, "title": "a person's name"})
            lend(uow.connection, uuid4())

    with pytest.raises(IntegrityError) as told:
        break_it()
    assert "a person's name" not in str(told.value)
    with unit_of_work(library) as uow:
        assert uow.connection.execute(TITLES).scalars().all() == ["Emma"]
        assert uow.connection.execute(COUNT).scalar_one() == 0
