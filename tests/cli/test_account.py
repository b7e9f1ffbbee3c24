"""Accounts from the command line: an operator can do everything that an account needs."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.cli.account import command
from folkmoot.identity import accounts
from folkmoot.identity.clients import find_client, is_secret
from folkmoot.identity.models import Account
from folkmoot.identity.passwords import is_password
from folkmoot.identity.permissions import Role
from folkmoot.kernel.errors import DomainError, NotFound
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings

EMAIL = "ann@example.org"
PASSWORD = "correct horse battery"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """A database of its own, with an administrator and a stranger beside whom the test is about."""
    monkeypatch.setenv("FOLKMOOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FOLKMOOT_DATABASE_URL", f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
    made = bootstrap(Settings())
    upgrade_database(made.engine)
    run("add", "root@example.org", "--role", "admin", "--machine")
    run("add", "noise@example.org", "--role", "team", "--machine")
    run("add", EMAIL, "--role", "team", typed=PASSWORD)
    return made


def run(*arguments: str, typed: str = "") -> Result:
    result = CliRunner().invoke(command, arguments, input=f"{typed}\n{typed}\n" if typed else None)
    if isinstance(result.exception, DomainError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def account(services: Services, email: str = EMAIL) -> Account:
    with services.reading() as uow:
        found = accounts.find_account(uow, email=email)
    assert found is not None
    return found


def test_a_client_is_printed_with_the_secret_that_is_its_own(services: Services) -> None:
    printed = run("client", EMAIL, "--name", "ward", "--scope", "decisions:submit").output.split()
    assert printed[::2] == ["client_id", "client_secret"]
    with services.reading() as uow:
        client = find_client(uow, printed[1])
    assert client is not None
    assert is_secret(client, printed[3])
    assert (client.account_id, client.scopes) == (account(services).id, ["decisions:submit"])


def test_a_client_without_scopes_may_do_all_that_its_account_may(services: Services) -> None:
    printed = run("client", EMAIL, "--name", "ward").output.split()
    with services.reading() as uow:
        client = find_client(uow, printed[1])
        assert client is not None
        assert client.scopes == sorted(accounts.actor_of(uow, client.account_id).permissions)


def test_a_password_is_asked_for_and_replaces_the_old_one(services: Services) -> None:
    before = account(services)
    assert "another one here" not in run("password", EMAIL, typed="another one here").output
    after = account(services)
    assert is_password("another one here", password_hash=after.password_hash)
    assert not is_password(PASSWORD, password_hash=after.password_hash)
    assert after.session_epoch > before.session_epoch


def test_a_short_password_changes_nothing(services: Services) -> None:
    with pytest.raises(DomainError):
        run("password", EMAIL, typed="short")
    assert is_password(PASSWORD, password_hash=account(services).password_hash)


def test_roles_are_set_to_exactly_those_named(services: Services) -> None:
    run("roles", EMAIL, "--role", "reviewer", "--role", "officer")
    with services.reading() as uow:
        assert accounts.roles_of(uow, account(services).id) == {Role.REVIEWER, Role.OFFICER}


def test_a_closed_account_is_inactive_and_no_other_one_is(services: Services) -> None:
    run("close", EMAIL)
    assert not account(services).is_active
    assert account(services, "noise@example.org").is_active
    with pytest.raises(DomainError, match="last administrator"):
        run("close", "root@example.org")


@pytest.mark.parametrize(
    "arguments",
    [("client", "--name", "x"), ("password",), ("close",), ("roles", "--role", "team")],
)
def test_an_account_that_is_not_there_is_named(
    services: Services, arguments: tuple[str, ...]
) -> None:
    name, *options = arguments
    with pytest.raises(NotFound, match=r"nobody@example\.org"):
        run(name, "nobody@example.org", *options)
