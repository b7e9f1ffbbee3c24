"""Real servers for the tests; each process of pytest-xdist has its own."""

from collections.abc import Iterator

import pytest

from folkmoot.runtime.postgres import TemporaryPostgres
from folkmoot.runtime.valkey import EmbeddedValkey


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[TemporaryPostgres]:
    """A PostgreSQL, for tests that make databases of their own."""
    with TemporaryPostgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: TemporaryPostgres) -> str:
    """The address of an empty database; what a test leaves in it, the next one finds."""
    return postgres_server.create_database("tests")


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Valkey; what a test leaves in it, the next one finds."""
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url
