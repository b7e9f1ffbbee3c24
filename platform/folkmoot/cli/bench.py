"""`folkmoot bench NAME`: the home of every measurement."""

import importlib
import sys
from pathlib import Path

import click

from folkmoot.bench.measure import Bench, table, write_json

BENCHES = {
    "demo": "Seconds to each step of the demo's story.",
    "start": "Start-up and idle memory of each process, and of the command line.",
}


@click.command()
@click.argument("name", type=click.Choice(sorted(BENCHES)))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write figures here.")
@click.option("--check", is_flag=True, help="Exit with 1 where a bar is not met.")
def command(*, name: str, json_file: Path | None, check: bool) -> None:
    """Measure Folkmoot on this machine."""
    bench: Bench = importlib.import_module(f"folkmoot.bench.{name}").run
    click.echo(f"{name}: {BENCHES[name]}")
    figures = bench()
    click.echo(table(figures))
    if json_file is not None:
        write_json(json_file, bench=name, figures=figures)
    if check and not all(one.is_met for one in figures):
        sys.exit(1)
