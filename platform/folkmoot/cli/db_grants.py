"""`folkmoot db grants`: the rights of two roles on PostgreSQL, as SQL."""

import click
import sqlalchemy as sa

from audit.database_rights import grants
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.settings import load_settings
from folkmoot.kernel.unit_of_work import unit_of_work


@click.command("grants")
@click.option("--web-role", required=True, help="The role of the web servers; it must exist.")
@click.option("--sequencer-role", required=True, help="The role of worker and sweep.")
@click.option("--apply", "applies", is_flag=True, help="Give the rights now, as the tables' owner.")
def command(*, web_role: str, sequencer_role: str, applies: bool) -> None:
    """Print what gives the web servers and the sequencer their rights, and no more.

    Print it again after every upgrade: a new table begins without rights.
    """
    engine = make_engine(load_settings().database_url)
    if engine.dialect.name != "postgresql":
        raise ConfigurationError("Only PostgreSQL has roles; on SQLite the triggers stand alone.")
    with unit_of_work(engine) as uow:
        tables = sa.inspect(uow.connection).get_table_names()
        for statement in grants(tables, web_role=web_role, sequencer_role=sequencer_role):
            click.echo(f"{statement};")
            if applies:
                uow.connection.exec_driver_sql(statement)
