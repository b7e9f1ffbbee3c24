"""Overrides recorded a second, beside a bare durable insert and a lock-and-chain log.

The three ways take turns on one database, so that a busy machine is as hard on each. While the log
is written, a sequencer in a process of its own seals it, as in production; it waits for work while
the others are measured. "Recorded" is `record()` in a transaction that has committed; "proven" is
that a signed checkpoint that covers it has.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from audit.searching import log_health
from folkmoot.bench.audit_sealer import Sealed, is_whole, seconds_to_proof, sequencer
from folkmoot.bench.audit_writers import TABLES, Slot, Written, actors_for, write
from folkmoot.bench.databases import engine_of, fresh_database
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import db_option
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.unit_of_work import reading

WAYS = ("log", "bare", "chain")
ROUNDS = 3
WARM_UP_SECONDS = 1.0
# What is recorded last has its proof within this time, or it counts as pending.
PROOF_SECONDS = 1.0


@dataclass
class Measured:
    """What was written in each way, what was sealed when, and how much waited at the end."""

    written: dict[str, Written] = field(default_factory=lambda: {way: Written() for way in WAYS})
    sealed: Sealed = field(default_factory=list)
    n_pending: int = 0


@db_option
@click.option("--writers", default=16, show_default=True, help="How many record at once.")
@click.option("--processes", default=4, show_default=True, help="Among how many processes.")
@click.option("--seconds", default=30.0, show_default=True, help="For how long, in each way.")
def run(*, kinds: Sequence[str], writers: int, processes: int, seconds: float) -> Sequence[Figure]:
    """Write in three ways, and compare them."""
    people = list(actors_for(writers))
    return [
        figure
        for kind in kinds
        for figure in _append(kind, people, min(processes, writers), seconds)
    ]


def _append(kind: str, people: Sequence[Actor], processes: int, seconds: float) -> Iterator[Figure]:
    measured = Measured()
    with fresh_database(kind) as url, tempfile.TemporaryDirectory() as folder:
        with engine_of(url) as engine:
            TABLES.create_all(engine)
        with sequencer(url, Path(folder)) as end:
            _measure(Measured(), Slot(url, "log", WARM_UP_SECONDS, len(people), processes), people)
            for _ in range(ROUNDS):
                for way in WAYS:
                    slot = Slot(url, way, seconds / ROUNDS, len(people), processes)
                    _measure(measured, slot, people)
            measured.sealed = end()
        yield from _rates(kind, measured.written)
        yield from _proofs(kind, url, measured)


def _measure(measured: Measured, slot: Slot, people: Sequence[Actor]) -> None:
    total = measured.written[slot.way]
    total.seconds += slot.seconds
    total.add(write(slot, people))
    if slot.way == "log":
        time.sleep(PROOF_SECONDS)
        with engine_of(slot.url) as engine, reading(engine) as uow:
            measured.n_pending += log_health(uow).unsealed


def _rates(kind: str, written: dict[str, Written]) -> Iterator[Figure]:
    log, bare, chain = (written[way] for way in WAYS)
    half, most = np.percentile(log.milliseconds, [50, 99]).tolist()
    # SQLite lets one writer in at a time whatever they write, so a chain costs nothing there.
    more_than_chain = 3.0 if kind == "postgres" else None
    yield Figure(f"{kind}: overrides recorded", log.rate, "a second")
    yield Figure(f"{kind}: bare durable inserts", bare.rate, "a second")
    yield Figure(f"{kind}: rows of a locked chain", chain.rate, "a second")
    yield Figure(f"{kind}: of the bare rate", log.rate / bare.rate, "times", at_least=0.6)
    yield Figure(
        f"{kind}: of the chain's rate", log.rate / chain.rate, "times", at_least=more_than_chain
    )
    yield Figure(f"{kind}: recorded, half of them within", half, "ms")
    yield Figure(f"{kind}: recorded, 99 of 100 within", most, "ms", at_most=100)


def _proofs(kind: str, url: str, measured: Measured) -> Iterator[Figure]:
    waited = seconds_to_proof(url, measured.written["log"].committed, measured.sealed)
    half, most = np.percentile(waited, [50, 99]).tolist()
    yield Figure(f"{kind}: proven after the commit, half of them within", half, "s")
    yield Figure(f"{kind}: proven, 99 of 100 within", most, "s", at_most=PROOF_SECONDS)
    yield Figure(
        f"{kind}: pending a second after the end", measured.n_pending, "entries", at_most=0
    )
    gaps = 0 if is_whole(url) else 1
    yield Figure(f"{kind}: gaps, or roots that were not signed", gaps, "found", at_most=0)
