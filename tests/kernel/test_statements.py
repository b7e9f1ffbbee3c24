"""What a statement does on the driver, held to what SQLAlchemy does with the same one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import CompileError, IntegrityError, OperationalError
from sqlmodel import Field, SQLModel

from folkmoot.kernel.db import enum_type
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import Json
from folkmoot.kernel.statements import Statement


class Colour(StrEnum):
    RED = "red"
    LIGHT_BLUE = "light-blue"


class Thing(SQLModel, table=True):
    """One column of every type that our tables have."""

    __tablename__ = "thing_of_every_type"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    number: int | None = None
    large: int | None = Field(default=None, sa_type=sa.BigInteger)
    share: float | None = None
    is_so: bool | None = None
    colour: Colour | None = Field(default=None, sa_type=enum_type(Colour))
    noted: Json = Field(default=None, sa_type=sa.JSON)
    perhaps: Json | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    seen_at: datetime | None = None
    day: date | None = None
    other_id: UUID | None = None


THING: sa.Table = SQLModel.metadata.tables["thing_of_every_type"]
SQLModel.metadata.remove(THING)  # it is this test's, and no table of Folkmoot's

INSERT = Statement(sa.insert(THING))
BY_ID = sa.select(THING).where(THING.c.id == sa.bindparam("of"))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ROWS = st.fixed_dictionaries(
    {
        "id": st.uuids(),
        "name": TEXT,
        "number": st.none() | st.integers(-(2**31), 2**31 - 1),
        "large": st.none() | st.integers(-(2**63), 2**63 - 1),
        "share": st.none() | st.floats(allow_nan=False),
        "is_so": st.none() | st.booleans(),
        "colour": st.none() | st.sampled_from(Colour),
        "noted": JSON,
        "perhaps": JSON,
        "seen_at": st.none() | st.datetimes(timezones=st.just(UTC)),
        "day": st.none() | st.dates(),
        "other_id": st.none() | st.uuids(),
    }
)


@pytest.fixture(scope="module")
def things(empty_engine: Engine) -> Engine:
    THING.create(empty_engine)
    return empty_engine


@pytest.fixture
def connection(things: Engine) -> Iterator[Connection]:
    with things.connect() as connection, connection.begin() as transaction:
        yield connection
        if transaction.is_active:
            transaction.rollback()


def row(**changes: object) -> dict[str, object]:
    nothing = dict.fromkeys(THING.columns.keys())
    return {**nothing, "id": new_id(), "name": "x", "noted": {}, **changes}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=ROWS, later=ROWS)
def test_every_value_goes_in_and_comes_out_as_with_sqlalchemy(
    connection: Connection, values: dict[str, object], later: dict[str, object]
) -> None:
    read = Statement(BY_ID)
    sets = [name for name in values if name != "id"]
    update = Statement(sa.update(THING).where(THING.c.id == sa.bindparam("of")), sets=sets)
    savepoint = connection.begin_nested()

    assert INSERT.run(connection, values) == 1
    first = read.first(connection, {"of": values["id"]})
    assert first is not None
    assert first._asdict() == values
    assert tuple(first) == tuple(connection.execute(BY_ID, {"of": values["id"]}).one())

    assert update.run(connection, {**later, "of": values["id"]}) == 1
    changed = connection.execute(BY_ID, {"of": values["id"]}).one()
    assert dict(changed._mapping) == {**later, "id": values["id"]}
    savepoint.rollback()


def test_constants_lists_labels_and_what_is_returned_are_as_with_sqlalchemy(
    connection: Connection,
) -> None:
    INSERT.run_many(
        connection,
        [row(name=str(n), number=n, colour=Colour.RED if n % 2 else None) for n in range(6)],
    )
    select = (
        sa.select(THING.c.name.label("title"), sa.func.count(), THING.c.colour)
        .where(
            THING.c.colour.in_([Colour.RED, Colour.LIGHT_BLUE]),
            THING.c.number >= sa.bindparam("least"),
            THING.c.name != "5 % :least %(least)s",
        )
        .group_by(THING.c.name, THING.c.colour)
        .order_by(THING.c.name)
        .limit(2)
    )
    delete = Statement(
        sa.delete(THING).where(THING.c.number < sa.bindparam("most")).returning(THING.c.colour)
    )

    rows = Statement(select).all(connection, {"least": 2})

    assert [tuple(one) for one in rows] == [
        tuple(one) for one in connection.execute(select, {"least": 2})
    ]
    assert (rows[0].title, rows[0][1], rows[0].colour) == ("3", 1, Colour.RED)
    assert [one.colour for one in delete.all(connection, {"most": 2})] == [None, Colour.RED]
    assert Statement(select).first(connection, {"least": 99}) is None


def test_values_of_an_update_may_be_reckoned_by_the_database(connection: Connection) -> None:
    one = row(number=5)
    INSERT.run(connection, one)
    more = sa.update(THING).where(THING.c.id == sa.bindparam("of"))
    add = Statement(more.values(number=THING.c.number + sa.bindparam("more")), sets=("name",))

    assert add.run(connection, {"of": one["id"], "more": 2, "name": "y"}) == 1
    assert add.run(connection, {"of": new_id(), "more": 2, "name": "y"}) == 0

    read = Statement(BY_ID).first(connection, {"of": one["id"]})
    assert read is not None
    assert (read.number, read.name) == (7, "y")


def test_a_broken_rule_is_told_as_sqlalchemy_tells_it_without_the_values(
    connection: Connection,
) -> None:
    one = row(name="a person's name")
    INSERT.run(connection, one)
    savepoint = connection.begin_nested()

    with pytest.raises(IntegrityError) as told:
        INSERT.run(connection, one)
    savepoint.rollback()

    assert "a person's name" not in str(told.value)
    assert Statement(BY_ID).first(connection, {"of": one["id"]}) is not None


def test_a_default_that_python_makes_is_refused(connection: Connection) -> None:
    made = sa.Column("made", sa.Integer, default=lambda: 1)
    table = sa.Table("t", sa.MetaData(), sa.Column("n", sa.Integer), made)

    with pytest.raises(CompileError, match="default"):
        Statement(sa.insert(table), sets=("n",)).run(connection, {"n": 1})


def test_a_dead_connection_leaves_the_pool(things: Engine) -> None:
    if things.dialect.name == "sqlite":
        pytest.skip("a file has no connection that could be cut")
    ask = Statement(sa.select(sa.literal(1).label("one")))
    with things.connect() as connection:
        process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with things.connect() as another:
            another.execute(sa.func.pg_terminate_backend(process).select())
        with pytest.raises(OperationalError) as told:
            ask.first(connection, {})
        assert told.value.connection_invalidated

        connection.rollback()
        answer = ask.first(connection, {})

    assert answer is not None
    assert answer.one == 1
