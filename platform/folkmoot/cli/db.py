"""`folkmoot db`: the database's schema."""

import click

from audit.wrapping_keys import give_wrapping_keys, load_wrapping_keys
from folkmoot.cli import db_grants
from folkmoot.kernel import schema
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.settings import load_settings


@click.group()
def command() -> None:
    """Bring the database to this version, say what it lacks, or who may do what in it."""


command.add_command(db_grants.command)


@command.command()
@click.option("--revision", default="head", show_default=True, help="The revision to go to.")
def upgrade(revision: str) -> None:
    """Bring the database to this version."""
    settings = load_settings()
    settings.make_data_dir()
    engine = make_engine(settings.database_url)
    give_wrapping_keys(engine, load_wrapping_keys(settings))
    schema.upgrade_database(engine, revision=revision)
    click.echo(f"The database is at revision {schema.present_revision(engine)}.")


@command.command()
def check() -> None:
    """Say whether the database fits this version; exit with 1 where it does not."""
    schema.require_current_schema(make_engine(load_settings().database_url))
    click.echo("The database fits this version.")
