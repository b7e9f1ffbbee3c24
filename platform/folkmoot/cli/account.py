"""`folkmoot account`: accounts, roles, tokens."""

from datetime import timedelta

import click
from pydantic import SecretStr, ValidationError

from folkmoot.cli.opening import open_services
from folkmoot.identity import accounts
from folkmoot.identity.accounts import AccountDraft
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import issue_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import NotFound
from folkmoot.problems import invalid_input

ROLES = click.Choice([role.value for role in Role])


@click.group()
def command() -> None:
    """Add accounts, set roles, issue tokens."""


@command.command()
@click.argument("email")
@click.option("--name", help="The name that others see; the address's first part if not given.")
@click.option("--role", "roles", multiple=True, type=ROLES, required=True, help="Repeat for more.")
@click.option("--machine", is_flag=True, help="Without a password: it acts by tokens alone.")
def add(*, email: str, name: str | None, roles: tuple[str, ...], machine: bool) -> None:
    """Add an account; asks for its password."""
    password = None
    if not machine:
        text = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        password = SecretStr(text)
    try:
        draft = AccountDraft(
            email=email,
            display_name=name or email.partition("@")[0],
            password=password,
            roles=frozenset(Role(role) for role in roles),
        )
    except ValidationError as error:
        raise invalid_input(error, where="account") from error
    with open_services().unit_of_work() as uow:
        account = accounts.create_account(uow, PLATFORM, draft=draft)
    click.echo(f"Added {account.email}.")


@command.command()
@click.argument("email")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@click.option("--days", default=30, show_default=True, help="How long the token holds.")
def token(*, email: str, name: str, days: int) -> None:
    """Issue an API token for an account, with all that its roles allow."""
    with open_services().unit_of_work() as uow:
        address = accounts.email_or_none(email)
        account = accounts.find_account(uow, email=address) if address else None
        if account is None:
            raise NotFound(f"There is no account {email}.")
        issued = issue_token(
            uow,
            PLATFORM,
            account_id=account.id,
            name=name,
            scopes=accounts.actor_of(uow, account.id).permissions,
            expires_at=clock.now() + timedelta(days=days),
        )
    click.echo(issued.text)
