"""`folkmoot bench NAME`: the home of every measurement."""

import functools
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from folkmoot.bench.measure import Bench, Figure, table, write_json
from folkmoot.cli.lazy import LazyGroup, Listed

BENCHES = {
    "agreement": Listed(
        "folkmoot.bench.agreement", "Alpha, AC1 and Fleiss' kappa with limits: how fast."
    ),
    "audit-append": Listed(
        "folkmoot.bench.audit_append",
        "Overrides recorded a second, beside bare inserts and a lock-and-chain log.",
    ),
    "audit-kill": Listed(
        "folkmoot.bench.audit_kill",
        "kill -9 of writers, sequencer and database in turn: is anything lost?",
    ),
    "audit-root": Listed(
        "folkmoot.bench.audit_root", "The root of a million entries: how fast, in how much memory."
    ),
    "consensus-accuracy": Listed(
        "folkmoot.bench.consensus_accuracy", "Every consensus algorithm on real crowds with truth."
    ),
    "consensus-dask": Listed(
        "folkmoot.bench.consensus_dask",
        "Consensus on a Dask cluster: the same as on one machine, also when a worker is killed.",
    ),
    "consensus-speed": Listed(
        "folkmoot.bench.consensus_speed", "Consensus on millions of labels: seconds and memory."
    ),
    "consensus-types": Listed(
        "folkmoot.bench.consensus_types",
        "Consensus for numbers, tags, boxes, comparisons and grades on real crowds.",
    ),
    "crowd": Listed("folkmoot.bench.crowd", "Annotators over HTTP, and what one label costs."),
    "contention": Listed(
        "folkmoot.bench.contention", "Races for a last place, of last answers, of late ones."
    ),
    "crowd-kill": Listed(
        "folkmoot.bench.crowd_kill", "kill -9 of every program in turn while annotators work."
    ),
    "demo": Listed("folkmoot.bench.demo", "Seconds to each step of the demo's story."),
    "erase": Listed(
        "folkmoot.bench.erase", "Erase people, then search every file and guess at every hash."
    ),
    "imports": Listed(
        "folkmoot.bench.imports", "One file of many rows: how fast, in how much memory."
    ),
    "lease": Listed(
        "folkmoot.bench.lease", "A lease and a label in projects of growing size: flat, or not."
    ),
    "probe": Listed("folkmoot.bench.probe", "What a careless client is told, and what is kept."),
    "start": Listed(
        "folkmoot.bench.start", "Start-up and idle memory of each process and of the command line."
    ),
    "stopping": Listed(
        "folkmoot.bench.stopping", "What asking only while it pays saves, on real votes."
    ),
    "tamper": Listed(
        "folkmoot.bench.tamper",
        "The attack matrix: every way to tamper with the log, and what the verifier says.",
    ),
}


class BenchGroup(LazyGroup):
    """The benches: each is a module's function `run`, with its options declared above it."""

    listed = BENCHES

    def loaded(self, name: str) -> click.Command:
        """Import a bench and make a command of it."""
        module = importlib.import_module(self.listed[name].module)
        return _command(name, module.run, summary=self.listed[name].summary)


@click.group(cls=BenchGroup)
def command() -> None:
    """Measure Folkmoot on this machine."""


def _command(name: str, run: Bench, *, summary: str) -> click.Command:
    @functools.wraps(run)  # with the options that were declared above it
    def measured(*, json_file: Path | None, check: bool, **options: Any) -> None:
        click.echo(f"{name}: {summary}")
        _report(name, list(run(**options)), json_file=json_file, check=check)

    for decorate in (_CHECK, _JSON):
        decorate(measured)
    return click.command(name, help=summary)(measured)


def _report(name: str, figures: Sequence[Figure], *, json_file: Path | None, check: bool) -> None:
    click.echo(table(figures))
    if json_file is not None:
        write_json(json_file, bench=name, figures=figures)
    if check and not all(one.is_met for one in figures):
        sys.exit(1)


_JSON = click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file."
)
_CHECK = click.option("--check", is_flag=True, help="Exit with 1 where a bar is not met.")
