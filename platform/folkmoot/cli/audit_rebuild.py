"""`folkmoot audit rebuild`: make the log's head and tiles anew from its entries."""

import click

from audit.rebuilding import rebuild_log
from folkmoot.cli.opening import open_services


@click.command("rebuild")
def command() -> None:
    """Make the tree's head and its tiles anew from the entries.

    Only where the entries lead to what was signed last; nothing is ever signed by this.
    """
    services = open_services()
    with services.unit_of_work() as uow:
        signed = rebuild_log(uow, services.log_key)
    click.echo(f"Made anew for {signed.size} entries, as they were signed.")
