"""`folkmoot audit reconcile`: business rows against entries, kind by kind."""

import sys

import click

from audit.reconciling import Reconciled, reconcile
from folkmoot.cli.opening import open_services
from folkmoot.jobs.audit_jobs import CLAIMS


@click.command("reconcile")
def command() -> None:
    """Compare business rows and entries, kind by kind; exit with 1 where they disagree.

    One line for each kind, with its rows and the entries that tell of exactly one each, and below
    it one line for each disagreement.
    """
    with open_services().reading() as uow:
        found = [_say(one) for one in reconcile(uow, CLAIMS)]
    n_found = sum(found)
    click.echo(f"{n_found} disagreements." if n_found else "Rows and entries agree.")
    sys.exit(1 if n_found else 0)


def _say(one: Reconciled) -> int:
    compared = f"{one.n_rows:>9,} rows {one.n_entries:>9,} entries"
    click.echo(f"{one.name:<26}{compared}   {'agree' if one.agrees else len(one.findings)}")
    for finding in one.findings:
        where = f"entry {finding.leaf_index}: " if finding.leaf_index is not None else ""
        click.echo(f"    {where}{finding.sentence}")
    return len(one.findings)
