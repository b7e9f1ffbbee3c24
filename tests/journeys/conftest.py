"""Databases of both kinds, each with an application of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings for a new folder and a new database."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        return Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'folkmoot.sqlite'}")
    server = request.getfixturevalue("postgres_server")
    name = request.module.__name__.rsplit(".", 1)[-1]
    return Settings(data_dir=folder, database_url=server.create_database(name))


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    made = bootstrap(settings)
    upgrade_database(made.engine)
    yield made
    made.engine.dispose()
