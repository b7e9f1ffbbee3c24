"""Real servers for the tests; each process of pytest-xdist has its own."""

from collections.abc import Iterator
from functools import cache

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from werkzeug.routing import Rule

from audit.sealed_texts import new_key
from audit.wrapping_keys import WrappingKeys, give_wrapping_keys, wrapping_keys_of
from folkmoot.identity.passwords import hash_password
from folkmoot.runtime.postgres import TemporaryPostgres
from folkmoot.runtime.valkey import EmbeddedValkey


@pytest.fixture(scope="session", autouse=True)
def personal_texts_can_be_sealed() -> None:
    """Give a wrapping key to the engines that tests make themselves, which no settings describe."""
    keys = WrappingKeys(new_key())

    def give_keys(connection: Connection) -> None:
        if wrapping_keys_of(connection.engine) is None:
            give_wrapping_keys(connection.engine, keys)

    sa.event.listen(Engine, "engine_connect", give_keys)


@pytest.fixture(scope="session", autouse=True)
def what_all_tests_make_alike_is_made_once() -> Iterator[None]:
    """Compile the addresses of the application once, and hash a password once.

    Most tests make an application and a few people of their own: a tenth of a second for the code
    that werkzeug writes for every address, and half of that for every person.
    """
    with pytest.MonkeyPatch.context() as patch:
        compile_builder, built = Rule._compile_builder, {}

        def compile_once(rule: Rule, append_unknown: bool = True) -> object:
            key = (rule.rule, repr(rule.defaults), append_unknown)
            if key not in built:
                built[key] = compile_builder(rule, append_unknown)
            return built[key]

        patch.setattr(Rule, "_compile_builder", compile_once)
        patch.setattr("folkmoot.identity.accounts.hash_password", cache(hash_password))
        yield


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
