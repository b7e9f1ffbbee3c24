"""What two people do at the same moment, on PostgreSQL, where transactions really overlap."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from sqlmodel import SQLModel, select

from folkmoot.identity.accounts import deactivate, set_roles
from folkmoot.identity.models import Account, OidcIdentity
from folkmoot.identity.permissions import Role
from folkmoot.identity.provider_sign_in import ProvenPerson, sign_in_by_provider
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import Conflict, DomainError


@pytest.fixture
def house(make_house, postgres_server):
    """A house whose database is on PostgreSQL, and gone afterwards."""
    name = f"identity_{uuid4().hex}"
    made = make_house(database_url=postgres_server.create_database(name))
    SQLModel.metadata.create_all(made.services.engine)
    yield made
    made.services.engine.dispose()
    postgres_server.drop_database(name)


def both(*acts: Callable[[], object]) -> list[str]:
    """Do things at once, and say how each ended."""
    ready = Barrier(len(acts))

    def act_when_ready(act: Callable[[], object]) -> str:
        ready.wait()
        try:
            act()
        except DomainError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(act_when_ready, acts))


def test_one_address_makes_one_account(house):
    def make() -> None:
        house.account("ada@example.org")

    for _ in range(3):
        assert both(make, make) in (["conflict", "done"], ["conflict", "conflict"])
    with house.services.reading() as uow:
        assert len(uow.session.exec(select(Account)).all()) == 1


@pytest.mark.parametrize("change", ["deactivate", "set_roles"])
def test_two_administrators_cannot_both_leave(house, change):
    def leave(account) -> None:
        with house.services.unit_of_work() as uow:
            if change == "deactivate":
                deactivate(uow, PLATFORM, account_id=account.id)
            else:
                set_roles(uow, PLATFORM, account_id=account.id, roles=frozenset())

    one, other = (house.account(f"{name}@example.org", Role.ADMIN, password=None) for name in "ab")
    assert both(lambda: leave(one), lambda: leave(other)) == ["conflict", "done"]


def test_two_first_sign_ins_at_once_link_one_account_once(house):
    house.account("ada@example.org", password=None)
    person = ProvenPerson("https://issuer", "subject", "ada@example.org", is_email_verified=True)

    def sign_in() -> None:
        sign_in_by_provider(house.services, person)

    outcomes = both(sign_in, sign_in)
    assert "done" in outcomes
    assert set(outcomes) <= {"done", Conflict.code}
    with house.services.reading() as uow:
        assert len(uow.session.exec(select(OidcIdentity)).all()) == 1
