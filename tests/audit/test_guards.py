"""The database itself keeps the log: its triggers refuse, and roles have no more than their rights.

On the real schema, as `folkmoot db upgrade` makes it.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DBAPIError

from audit.database_rights import RIGHTS, grants
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.schema import upgrade_database
from folkmoot.runtime.postgres import TemporaryPostgres

from .conftest import Log

REFUSED = "The audit log only grows"
ROLES = {"web_role": "moot_web", "sequencer_role": "moot_sequencer"}


def upgraded(url: str) -> Engine:
    engine = make_engine(url)
    upgrade_database(engine)
    return engine


@pytest.fixture(scope="session")
def guarded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guarded") / "guarded.sqlite"
    upgraded(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(scope="session")
def guarded_postgres(postgres_server: TemporaryPostgres) -> Iterator[Engine]:
    engine = upgraded(postgres_server.create_database("guarded"))
    with engine.begin() as connection:
        for role in ROLES.values():
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        for statement in grants(sa.inspect(engine).get_table_names(), **ROLES):
            connection.exec_driver_sql(statement)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, guarded_sqlite: Path, tmp_path: Path
) -> Iterator[Engine]:
    """A database with the whole schema; on PostgreSQL what a test leaves, the next one finds."""
    if request.param == "postgresql":
        yield request.getfixturevalue("guarded_postgres")
        return
    engine = make_engine(f"sqlite:///{shutil.copy(guarded_sqlite, tmp_path / 'log.sqlite')}")
    yield engine
    engine.dispose()


@pytest.fixture
def log(engine: Engine) -> Log:
    """A log of one sealed and one waiting entry; its key is its own, so it begins anew."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql(
                "TRUNCATE audit_entry, audit_checkpoint, audit_actor_counter, audit_log_head,"
                " audit_tile CASCADE"
            )
            connection.exec_driver_sql("SET session_replication_role = origin")
    log = Log(engine)
    log.record(reason="because")
    log.seal()
    log.record()
    return log


CHANGES = [
    "UPDATE audit_entry SET envelope = :b WHERE leaf_index = 0",
    "UPDATE audit_entry SET envelope = :b WHERE leaf_index IS NULL",
    "UPDATE audit_entry SET envelope = :empty WHERE leaf_index IS NULL",
    "UPDATE audit_entry SET leaf_hash = :b",
    "UPDATE audit_entry SET action = 'policy.set', actor_sequence = actor_sequence + 10",
    "UPDATE audit_entry SET subject_type = 'x'",
    "UPDATE audit_entry SET project_id = id",
    "UPDATE audit_entry SET recorded_at = '2020-01-01 00:00:00'",
    "UPDATE audit_entry SET leaf_index = 7 WHERE leaf_index = 0",
    "UPDATE audit_entry SET leaf_index = NULL WHERE leaf_index = 0",
    "UPDATE audit_entry SET leaf_index = 7, envelope = :b WHERE leaf_index IS NULL",
    "UPDATE audit_entry SET leaf_index = 7, leaf_hash = :b WHERE leaf_index IS NULL",
    "UPDATE audit_entry SET leaf_index = 7, envelope = :empty WHERE leaf_index = 0",
    "UPDATE audit_entry SET leaf_hash = :b, envelope = :empty WHERE leaf_index = 0",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_entry WHERE leaf_index IS NULL",
    "UPDATE audit_checkpoint SET note = 'x'",
    "DELETE FROM audit_checkpoint",
    "UPDATE audit_actor_counter SET last_sequence = last_sequence - 1",
    "UPDATE audit_actor_counter SET last_sequence = last_sequence + 2",
    "DELETE FROM audit_actor_counter",
]
COPY = (
    "INTO audit_entry (id, action, actor_id, actor_sequence, subject_type, subject_id, recorded_at,"
    " envelope, leaf_hash, leaf_index) SELECT {values}, subject_type, subject_id, recorded_at,"
    " envelope, leaf_hash, {index} FROM audit_entry WHERE leaf_index = 0"
)


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_to_change_the_log(log: Log, statement: str) -> None:
    values = {"b": b"forged", "empty": b""}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    with pytest.raises(DBAPIError, match=REFUSED):
        log.tamper(statement, **used)


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ("id, action, actor_id, actor_sequence + 5", "NULL"),
        ("subject_id, action, actor_id, actor_sequence", "NULL"),
        ("subject_id, action, actor_id, actor_sequence + 5", "9"),
    ],
)
def test_no_entry_is_replaced_or_put_in_at_a_place(log: Log, values: str, index: str) -> None:
    verb = "INSERT OR REPLACE" if log.engine.dialect.name == "sqlite" else "INSERT"
    with pytest.raises(DBAPIError, match=f"{REFUSED}|duplicate key"):
        log.tamper(f"{verb} {COPY.format(values=values, index=index)}")


# SQLite removes what stands in the way of OR REPLACE, by any unique column and by the row's number.
FIRST = "(SELECT rowid FROM {table} ORDER BY rowid LIMIT 1)"
FIRST_ENTRY, FIRST_COUNTER = (
    FIRST.format(table=table) for table in ("audit_entry", "audit_actor_counter")
)
REPLACEMENTS = [
    "UPDATE OR REPLACE audit_entry SET leaf_index = 0 WHERE leaf_index IS NULL",
    f"UPDATE OR REPLACE audit_entry SET leaf_index = 1, rowid = {FIRST_ENTRY}"
    " WHERE leaf_index IS NULL",
    f"INSERT OR REPLACE {COPY}".replace("audit_entry (", "audit_entry (rowid, ").format(
        values=f"{FIRST_ENTRY}, subject_id, action, subject_id, 1", index="NULL"
    ),
    "INSERT OR REPLACE INTO audit_actor_counter SELECT actor_id, 1 FROM audit_entry",
    "INSERT INTO audit_actor_counter SELECT subject_id, 5 FROM audit_entry",
    "INSERT OR REPLACE INTO audit_actor_counter (rowid, actor_id, last_sequence)"
    f" SELECT {FIRST_COUNTER}, subject_id, 1 FROM audit_entry LIMIT 1",
    "UPDATE audit_actor_counter SET last_sequence = last_sequence + 1, rowid = 9",
]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", REPLACEMENTS)
def test_nothing_is_put_in_the_place_of_what_sqlite_would_remove(log: Log, statement: str) -> None:
    with pytest.raises(DBAPIError, match=REFUSED):
        log.tamper(statement)


@pytest.mark.parametrize("table", ["audit_entry", "audit_checkpoint", "audit_actor_counter"])
def test_no_table_of_the_log_is_emptied(log: Log, table: str) -> None:
    if log.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match=REFUSED):
        log.tamper(f"TRUNCATE {table} CASCADE")


def test_what_the_log_itself_does_goes_on(log: Log) -> None:
    assert log.seal() == 2
    log.tamper("UPDATE audit_entry SET envelope = :empty WHERE leaf_index = 0", empty=b"")


def as_role(engine: Engine, role: str) -> Engine:
    return make_engine(make_url(str(engine.url)).set(username=role).render_as_string())


@pytest.fixture
def roles(guarded_postgres: Engine) -> Iterator[dict[str, Engine]]:
    made = {name: as_role(guarded_postgres, role) for name, role in ROLES.items()}
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_web_servers_record_and_cannot_seal(log: Log, roles: dict[str, Engine]) -> None:
    log.engine = roles["web_role"]
    log.record(reason="by the web server")
    assert log.verify().unsealed == 2
    with pytest.raises(DBAPIError, match="permission denied"):
        log.seal()
    log.engine = roles["sequencer_role"]
    assert log.seal() == 3
    assert log.verify().is_sound


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET leaf_index = 7 WHERE leaf_index IS NULL",
        "UPDATE audit_entry SET subject_type = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
        "INSERT INTO audit_checkpoint VALUES (9, 'note', now())",
        "UPDATE audit_log_head SET size = 0",
        "DELETE FROM audit_tile",
        "DELETE FROM audit_legal_hold",
        "UPDATE audit_legal_hold SET person_id = NULL",
        "DELETE FROM audit_retention_rule",
        "DROP TRIGGER audit_entry_kept ON audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
def test_web_servers_have_no_right_to_more(
    log: Log, roles: dict[str, Engine], statement: str
) -> None:
    log.engine = roles["web_role"]
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        log.tamper(statement)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET subject_type = 'x'",
        "UPDATE audit_entry SET leaf_hash = leaf_hash",
        "DELETE FROM audit_entry",
        "UPDATE audit_checkpoint SET note = 'x'",
        "DELETE FROM audit_checkpoint",
    ],
)
def test_the_sequencer_cannot_rewrite_what_it_seals(
    log: Log, roles: dict[str, Engine], statement: str
) -> None:
    log.engine = roles["sequencer_role"]
    with pytest.raises(DBAPIError, match="permission denied"):
        log.tamper(statement)


def test_rights_are_said_of_tables_that_there_are(guarded_postgres: Engine) -> None:
    tables = set(sa.inspect(guarded_postgres).get_table_names())
    assert set(RIGHTS) <= tables


def test_a_role_is_a_plain_name() -> None:
    with pytest.raises(ConfigurationError, match="lower-case"):
        list(grants(["task"], web_role="x; DROP TABLE task", sequencer_role="y"))
