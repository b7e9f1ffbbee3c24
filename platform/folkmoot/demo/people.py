"""Everybody who takes part in the demo: made by the operator, then acting over HTTP alone."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from folkmoot.bootstrap import Services
from folkmoot.demo.crowd import CHARACTERS
from folkmoot.identity.accounts import AccountDraft, actor_of, create_account
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import issue_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot_client import Connection

TOKEN_LIFE = timedelta(days=1)
STAFF = {
    "Tamsin Team": ("team@example.org", Role.TEAM),
    "Odile Officer": ("officer@example.org", Role.OFFICER),
    "Rafael Reviewer": ("reviewer@example.org", Role.REVIEWER),
    "Agnes Admin": ("admin@example.org", Role.ADMIN),
    "Anna Annotator": ("annotator@example.org", Role.ANNOTATOR),
}


@dataclass(frozen=True)
class Person:
    """One person of the demo: how they sign in, and their connection to the API."""

    name: str
    email: str
    role: Role
    password: str
    account_id: str
    token: str
    connection: Connection


@dataclass(frozen=True)
class People:
    """Everybody: those who can sign in, and the simulated annotators by name."""

    staff: dict[Role, Person]
    annotators: dict[str, Person]

    @property
    def team(self) -> Connection:
        """Return the team's connection."""
        return self.staff[Role.TEAM].connection

    @property
    def officer(self) -> Connection:
        """Return the officer's connection."""
        return self.staff[Role.OFFICER].connection

    @property
    def reviewer(self) -> Connection:
        """Return the reviewer's connection."""
        return self.staff[Role.REVIEWER].connection

    def name_of(self, account_id: str) -> str:
        """Return the name of a simulated annotator."""
        return next(one.name for one in self.annotators.values() if one.account_id == account_id)


def make_people(services: Services, url: str) -> People:
    """Make every account of the demo, with a password of its own and a token."""
    with _writing(services) as maker:
        staff = {
            role: maker.person(name, email, role, url) for name, (email, role) in STAFF.items()
        }
        annotators = {
            one.name: maker.person(
                one.name, f"{one.name.lower()}@crowd.example.org", Role.ANNOTATOR, url
            )
            for one in CHARACTERS
        }
    return People(staff, annotators)


@dataclass(frozen=True)
class _Maker:
    uow: UnitOfWork

    def person(self, name: str, email: str, role: Role, url: str) -> Person:
        password = f"demo-{secrets.token_urlsafe(9)}"
        draft = AccountDraft(
            email=email,
            display_name=name,
            password=SecretStr(password),
            roles=frozenset({role}),
        )
        account = create_account(self.uow, PLATFORM, draft=draft)
        issued = issue_token(
            self.uow,
            PLATFORM,
            account_id=account.id,
            name="demo",
            scopes=actor_of(self.uow, account.id).permissions,
            expires_at=clock.now() + TOKEN_LIFE,
        )
        return Person(
            name=name,
            email=email,
            role=role,
            password=password,
            account_id=str(account.id),
            token=issued.text,
            connection=Connection(url, token=issued.text),
        )


@contextmanager
def _writing(services: Services) -> Iterator[_Maker]:
    with services.unit_of_work() as uow:
        yield _Maker(uow)
