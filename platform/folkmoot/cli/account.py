"""`folkmoot account`: accounts, their roles and passwords, tokens, OAuth clients."""

from datetime import timedelta

import click
from pydantic import SecretStr, ValidationError

from folkmoot.cli.opening import open_services
from folkmoot.identity import accounts
from folkmoot.identity.accounts import AccountDraft, NewPassword
from folkmoot.identity.clients import register_client
from folkmoot.identity.models import Account
from folkmoot.identity.permissions import Permission, Role
from folkmoot.identity.tokens import issue_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import NotFound
from folkmoot.kernel.unit_of_work import UnitOfWork
from folkmoot.problems import invalid_input

ROLES = click.Choice([role.value for role in Role])
SCOPES = click.Choice([permission.value for permission in Permission])


@click.group()
def command() -> None:
    """Add and close accounts, set roles, issue credentials."""


@command.command()
@click.argument("email")
@click.option("--name", help="The name that others see; the address's first part if not given.")
@click.option("--role", "roles", multiple=True, type=ROLES, required=True, help="Repeat for more.")
@click.option("--machine", is_flag=True, help="Without a password: it acts by tokens alone.")
def add(*, email: str, name: str | None, roles: tuple[str, ...], machine: bool) -> None:
    """Add an account; asks for its password."""
    password = None if machine else _asked_password()
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
        account = _account(uow, email)
        issued = issue_token(
            uow,
            PLATFORM,
            account_id=account.id,
            name=name,
            scopes=accounts.actor_of(uow, account.id).permissions,
            expires_at=clock.now() + timedelta(days=days),
        )
    click.echo(issued.text)


@command.command()
@click.argument("email")
@click.option("--name", required=True, help="What the client is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=SCOPES,
    help="What its tokens may do; repeat for more. All that the account may do if not given.",
)
def client(*, email: str, name: str, scopes: tuple[str, ...]) -> None:
    """Register an OAuth client for an account; its secret is printed this once."""
    with open_services().unit_of_work() as uow:
        account = _account(uow, email)
        registered = register_client(
            uow,
            PLATFORM,
            account_id=account.id,
            name=name,
            scopes=scopes or accounts.actor_of(uow, account.id).permissions,
        )
    click.echo(f"client_id {registered.row.client_id}")
    click.echo(f"client_secret {registered.secret}")


@command.command()
@click.argument("email")
def password(*, email: str) -> None:
    """Give an account another password; asks for it, and ends the account's sessions."""
    with open_services().reading() as uow:
        account_id = _account(uow, email).id
    try:
        chosen = NewPassword(password=_asked_password())
    except ValidationError as error:
        raise invalid_input(error, where="account") from error
    with open_services().unit_of_work() as uow:
        accounts.set_password(uow, PLATFORM, account_id=account_id, password=chosen.password)
    click.echo(f"{email} has another password; its sessions have ended.")


@command.command()
@click.argument("email")
@click.option("--role", "chosen", multiple=True, type=ROLES, required=True, help="Repeat for more.")
def roles(*, email: str, chosen: tuple[str, ...]) -> None:
    """Give an account exactly these roles."""
    wanted = frozenset(Role(role) for role in chosen)
    with open_services().unit_of_work() as uow:
        accounts.set_roles(uow, PLATFORM, account_id=_account(uow, email).id, roles=wanted)
    click.echo(f"{email} is now {', '.join(sorted(wanted))}.")


@command.command()
@click.argument("email")
def close(*, email: str) -> None:
    """Close an account: its sessions, tokens and clients stop at once, its history stays."""
    with open_services().unit_of_work() as uow:
        accounts.deactivate(uow, PLATFORM, account_id=_account(uow, email).id)
    click.echo(f"Closed {email}.")


def _account(uow: UnitOfWork, email: str) -> Account:
    address = accounts.email_or_none(email)
    account = accounts.find_account(uow, email=address) if address else None
    if account is None:
        raise NotFound(f"There is no account {email}.")
    return account


def _asked_password() -> SecretStr:
    return SecretStr(click.prompt("Password", hide_input=True, confirmation_prompt=True))
