"""`folkmoot serve`: everything on one machine."""

import secrets

import click
from pydantic import SecretStr
from sqlmodel import func, select

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.cli.stopping import stopped_on_request, wait
from folkmoot.identity.accounts import AccountDraft, create_account
from folkmoot.identity.models import Account
from folkmoot.identity.permissions import Role
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings, load_settings
from folkmoot.runtime.household import household
from folkmoot.runtime.ports import require_free_port
from folkmoot.runtime.supervisor import Supervisor

FIRST_EMAIL = "you@example.org"


@click.command()
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
def command(*, port: int) -> None:
    """Run web server, worker and sweep, and Valkey where no queue is named."""
    settings = load_settings()
    require_free_port(port)
    home = household(settings, port=port)
    services = bootstrap(settings)
    upgrade_database(services.engine)
    click.echo("Starting Folkmoot …")
    with stopped_on_request(), Supervisor(home.programs, tell=click.echo):
        click.echo(f"Folkmoot answers at {home.url}. Its data lies in {settings.data_dir}.")
        _greet_the_first(services, settings)
        wait()


def _greet_the_first(services: Services, settings: Settings) -> None:
    """Make an account that may do everything, where there is none yet."""
    with services.unit_of_work() as uow:
        if settings.is_production or uow.session.exec(select(func.count(Account.id))).one():  # type: ignore[arg-type]  # SQLModel types the column as the plain UUID
            return
        password = secrets.token_urlsafe(12)
        draft = AccountDraft(
            email=FIRST_EMAIL,
            display_name="Owner",
            password=SecretStr(password),
            roles=frozenset(Role),
        )
        create_account(uow, PLATFORM, draft=draft)
    click.echo(f"Sign in as {FIRST_EMAIL} with the password {password} (shown this once).")
