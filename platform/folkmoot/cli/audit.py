"""`folkmoot audit`: seal, verify and read the log."""

import sys
from pathlib import Path

import click

from audit.keys import write_new_key
from audit.searching import log_health
from audit.verdicts import Verdict
from audit.verification import record_verification, verify_log
from audit.wrapping_keys import give_wrapping_keys, read_wrapping_keys
from folkmoot.bootstrap import bootstrap
from folkmoot.cli import audit_erase, audit_export, audit_publish, audit_rebuild, audit_reconcile
from folkmoot.cli.checkpoint_files import checkpoint_option, notes_of
from folkmoot.cli.opening import open_services
from folkmoot.jobs.audit_jobs import CLAIMS, seal
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.settings import load_settings
from folkmoot.kernel.unit_of_work import reading


@click.group()
def command() -> None:
    """Seal, verify and read the audit log."""


command.add_command(audit_export.export)
command.add_command(audit_export.receipt)
for erasing in audit_erase.COMMANDS:
    command.add_command(erasing)
command.add_command(audit_publish.publish)
command.add_command(audit_publish.cosign)
command.add_command(audit_publish.verifier)
command.add_command(audit_rebuild.command)
command.add_command(audit_reconcile.command)


@command.command()
@click.option("--database-url", help="Check another database, such as a copy; nothing is written.")
@click.option("--verifier", help="The log's public key; this machine's own if not given.")
@checkpoint_option(
    "A file of checkpoints that were kept elsewhere; the log must still agree with each."
)
@click.option(
    "--wrapping-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The wrapping key of another database; without it, its personal texts are not compared.",
)
def verify(
    *,
    database_url: str | None,
    verifier: str | None,
    checkpoints: tuple[Path, ...],
    wrapping_key: Path | None,
) -> None:
    """Check the log, and the business rows against it; exit with 1 where something is wrong."""
    services = open_services() if database_url is None else None
    key = verifier or bootstrap(load_settings()).log_key.verifier
    kept = notes_of(checkpoints)
    if services is not None and (own := services.kept_checkpoint.newest()) is not None:
        kept.append(own)
    engine = services.engine if services else make_engine(database_url or "")
    if services is None and wrapping_key is not None:
        give_wrapping_keys(engine, read_wrapping_keys(wrapping_key))
    with reading(engine) as uow:
        verdict = verify_log(uow, verifier=key, claims=CLAIMS, kept=kept)
    if services is not None:
        with services.unit_of_work() as uow:
            record_verification(uow, PLATFORM, verdict)
    _say(verdict)
    sys.exit(0 if verdict.is_sound else 1)


@command.command("seal")
def seal_now() -> None:
    """Seal what waits to be sealed."""
    services = open_services()
    seal(services)
    with services.reading() as uow:
        click.echo(log_health(uow).checkpoint or "The log is empty.")


@command.command()
def checkpoint() -> None:
    """Print the newest signed checkpoint, to be kept elsewhere."""
    with open_services().reading() as uow:
        click.echo(log_health(uow).checkpoint or "The log is empty.")


@command.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def key(*, path: Path) -> None:
    """Make a signing key for the log, and print its public half."""
    settings = load_settings()
    click.echo(write_new_key(path, settings.log_origin))


def _say(verdict: Verdict) -> None:
    click.echo(
        f"{verdict.size} entries, {verdict.checkpoints} signed checkpoints, "
        f"{verdict.claims} business rows compared, {verdict.unsealed} entries not sealed yet."
    )
    if verdict.unread:
        click.echo(f"{verdict.unread} personal texts were not compared: no wrapping key was given.")
    for finding in verdict.findings:
        where = f"entry {finding.leaf_index}: " if finding.leaf_index is not None else ""
        click.echo(f"  {where}{finding.sentence}")
    click.echo("Nothing is wrong." if verdict.is_sound else f"{len(verdict.findings)} found wrong.")
