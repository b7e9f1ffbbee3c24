"""`folkmoot restore`: bring a backup back, and say what it lacks."""

import sys
from pathlib import Path

import click

from folkmoot.backup.restoring import Restored, RestorePlan, restore_backup
from folkmoot.cli.backup import PERSON_KEYS
from folkmoot.cli.checkpoint_files import checkpoint_option, notes_of
from folkmoot.kernel.settings import load_settings


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Let it take the place of what is there.")
@click.option("--accept-loss", is_flag=True, help="Even if the log is known to have been longer.")
@checkpoint_option("A checkpoint that was kept elsewhere, such as by a witness.")
@click.option(
    "--person-keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"People's keys; {PERSON_KEYS} beside FOLDER if not given and there.",
)
def command(
    *,
    folder: Path,
    overwrite: bool,
    accept_loss: bool,
    checkpoints: tuple[Path, ...],
    person_keys: Path | None,
) -> None:
    """Bring the backup in FOLDER back; exit with 1 where the log does not verify afterwards."""
    beside = folder.parent / PERSON_KEYS
    plan = RestorePlan(
        source=folder,
        kept=notes_of(checkpoints),
        person_keys=person_keys or (beside if beside.is_file() else None),
        overwrites=overwrite,
        accepts_loss=accept_loss,
    )
    restored = restore_backup(load_settings(), plan)
    _say(restored)
    sys.exit(0 if restored.verdict.is_sound else 1)


def _say(restored: Restored) -> None:
    keys = f"{restored.n_keys} people's keys"
    click.echo(f"Brought back: the log at size {restored.size}, and {keys}.")
    if restored.n_lost:
        click.echo(
            f"The log was at size {restored.known_size}: the entries {restored.size} to "
            f"{restored.known_size - 1} are gone. That is recorded; the later checkpoint lies "
            "beside the data as evidence. Tell your auditor and the operators of the witnesses: "
            "none will cosign this log again before they have heard why."
        )
    for finding in restored.verdict.findings:
        where = f"entry {finding.leaf_index}: " if finding.leaf_index is not None else ""
        click.echo(f"  {where}{finding.sentence}")
    if restored.verdict.is_sound:
        click.echo("Nothing is wrong with it. On PostgreSQL, run `folkmoot db grants` again.")
