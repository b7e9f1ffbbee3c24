"""`folkmoot audit publish`, `verifier` and `cosign`: the log where others can see it."""

import sys
from pathlib import Path

import click

from audit.tile_publishing import publish_log
from audit.witnessing import labels_at, newest_size, witness_health
from folkmoot.bootstrap import bootstrap
from folkmoot.cli.opening import open_services
from folkmoot.jobs.witness_asking import ask_witnesses
from folkmoot.kernel.settings import load_settings


@click.command("publish")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def publish(*, folder: Path) -> None:
    """Write the log to a folder as plain files that any web server can serve."""
    services = open_services()
    with services.reading() as uow:
        published = publish_log(uow, folder=folder, policy=services.witness_policy)
    click.echo(f"{folder} holds {published.size} entries; {published.files} files were written.")


@click.command("verifier")
def verifier() -> None:
    """Print the log's public key, which whoever verifies or watches it needs."""
    click.echo(bootstrap(load_settings()).log_key.verifier)


@click.command("cosign")
def cosign() -> None:
    """Ask the witnesses now; exit with 1 where the newest checkpoint lacks what is wanted."""
    services = open_services()
    ask_witnesses(services)
    with services.reading() as uow:
        standings = witness_health(uow, services.witness_policy)
        labels = labels_at(uow, size=newest_size(uow))
    for one in standings:
        click.echo(f"{one.name}: cosigned at size {one.size}. {one.problem}".rstrip())
    is_met = services.witness_policy.is_met_by(labels)
    click.echo("The quorum is met." if is_met else "The quorum is not met.")
    sys.exit(0 if is_met else 1)
