"""`folkmoot backup`: everything that is needed to bring an installation back, but its keys."""

from pathlib import Path

import click

from folkmoot.backup.making import make_backup
from folkmoot.cli.opening import open_services

PERSON_KEYS = "person-keys.jsonl"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--person-keys",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The file of people's wrapped keys, written anew; {PERSON_KEYS} beside FOLDER if not "
    "given. Keep no older version of it for long: by these, who was erased would come back.",
)
def command(*, folder: Path, person_keys: Path | None) -> None:
    """Back up to a new FOLDER while all runs: database, files and the newest checkpoint."""
    services = open_services()
    keys = person_keys or folder.parent / PERSON_KEYS
    manifest = make_backup(services, folder, person_keys=keys)
    click.echo(
        f"{folder}: the {manifest.database} database, {manifest.n_artifacts} files; "
        f"the log at size {manifest.log.size}."
    )
    click.echo(f"People's keys, wrapped, are in {keys}: keep only its newest version.")
    click.echo(
        "Not in it, by intent: the log's key, the wrapping key and the settings. Keep a copy of "
        "these in a safe, apart from the backups."
    )
