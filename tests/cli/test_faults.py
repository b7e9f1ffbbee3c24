"""What an operator can get wrong is one sentence and a status that is not 0, never a traceback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from folkmoot.kernel.db import make_engine
from folkmoot.kernel.schema import upgrade_database


def folkmoot(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FOLKMOOT_")}
    return subprocess.run(
        [sys.executable, "-m", "folkmoot.cli.main", *arguments],
        env={**kept, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def complaint(finished: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence that a failed command said."""
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    (line,) = finished.stderr.strip().splitlines()
    assert line.startswith("folkmoot: ")
    return line


@pytest.fixture
def data_dir(tmp_path: Path) -> dict[str, str]:
    return {"FOLKMOOT_DATA_DIR": str(tmp_path / "var")}


@pytest.fixture
def busy_port() -> Iterator[str]:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        yield str(owner.getsockname()[1])


def test_a_busy_port_is_named(data_dir: dict[str, str], busy_port: str) -> None:
    assert f"Port {busy_port}" in complaint(folkmoot("serve", "--port", busy_port, **data_dir))
    assert f"Port {busy_port}" in complaint(folkmoot("demo", "--port", busy_port, **data_dir))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    folder = {"FOLKMOOT_DATA_DIR": str(in_the_way)}
    assert str(in_the_way) in complaint(folkmoot("serve", "--port", "0", **folder))
    assert str(in_the_way) in complaint(folkmoot("demo", "--folder", str(in_the_way / "x")))
    assert str(in_the_way) in complaint(folkmoot("db", "upgrade", **folder))


@pytest.mark.parametrize("command", [("web", "--port", "0"), ("audit", "verify"), ("db", "check")])
def test_an_empty_database_says_what_to_run(
    data_dir: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "var").mkdir()
    assert "folkmoot db upgrade" in complaint(folkmoot(*command, **data_dir))


def test_a_database_of_a_newer_version_is_refused(data_dir: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    engine = make_engine(f"sqlite:///{tmp_path / 'var' / 'folkmoot.sqlite'}")
    upgrade_database(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from_the_future'")
    engine.dispose()
    for command in (("db", "upgrade"), ("web", "--port", "0"), ("db", "check")):
        assert "from_the_future" in complaint(folkmoot(*command, **data_dir))


def test_a_missing_postgresql_is_one_sentence(data_dir: dict[str, str]) -> None:
    nobody = "postgresql+psycopg://127.0.0.1:1/folkmoot"
    for command in (("db", "upgrade"), ("db", "check"), ("web", "--port", "0")):
        finished = folkmoot(*command, FOLKMOOT_DATABASE_URL=nobody, **data_dir)
        assert "The database cannot be opened" in complaint(finished)


def test_a_database_of_another_kind_is_refused(data_dir: dict[str, str]) -> None:
    finished = folkmoot("db", "upgrade", FOLKMOOT_DATABASE_URL="mysql://x/y", **data_dir)
    assert "SQLite or PostgreSQL" in complaint(finished)


def test_production_refuses_the_default_secret(data_dir: dict[str, str]) -> None:
    finished = folkmoot("db", "upgrade", FOLKMOOT_ENVIRONMENT="production", **data_dir)
    assert "FOLKMOOT_SECRET_KEY" in complaint(finished)


def test_a_setting_that_is_no_number_is_named(data_dir: dict[str, str]) -> None:
    finished = folkmoot("db", "upgrade", FOLKMOOT_SESSION_HOURS="many", **data_dir)
    assert "FOLKMOOT_SESSION_HOURS" in complaint(finished)


def test_a_worker_without_a_queue_says_which_setting_is_missing(data_dir: dict[str, str]) -> None:
    assert "FOLKMOOT_QUEUE_URL" in complaint(folkmoot("worker", **data_dir))


def test_a_bad_address_for_an_account_is_refused(data_dir: dict[str, str]) -> None:
    folkmoot("db", "upgrade", **data_dir)
    arguments = ("account", "add", "no-address", "--role", "admin", "--machine")
    finished = folkmoot(*arguments, **data_dir)
    assert finished.returncode == 1
    assert "email" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert "no account" in complaint(folkmoot("account", "token", "no-address", **data_dir))


def test_the_help_names_every_command() -> None:
    finished = folkmoot("--help")
    for command in ("account", "audit", "bench", "db", "demo", "openapi", "serve", "web", "worker"):
        assert f"  {command} " in finished.stdout
