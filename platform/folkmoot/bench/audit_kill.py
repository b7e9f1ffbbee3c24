"""`kill -9` of writers, sequencer and database in turn, while overrides are recorded.

Each writer keeps a business row and its entry in one transaction, and says so only once that has
committed. Afterwards everything is recounted: what was acknowledged must be there with the very
hash that was told, rows and entries must agree one to one, and the whole log must verify.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from uuid import UUID

import click
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from audit.actions import Action
from audit.sealing import has_waiting
from audit.tables import ENTRY
from audit.verification import verify_log
from folkmoot.bench.audit_writers import BARE, SAME_BYTES, TABLES, record_override
from folkmoot.bench.databases import engine_of
from folkmoot.bench.house import House, kill, open_house
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import db_option
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import unit_of_work

WRITER = "writer"
VICTIMS = {"sqlite": (WRITER, "sweep"), "postgres": (WRITER, "sweep", "PostgreSQL")}
PRELOADED = ["folkmoot.bench.audit_kill"]
N_WRITERS = 4
ENTRIES_BETWEEN_KILLS = 40
# A program that is killed again at once is not under load: the supervisor lets it rest.
SECONDS_BETWEEN_KILLS = 2.0
PATIENCE_SECONDS = 120.0


@dataclass
class Writer:
    """A process that records, and what it has acknowledged: an entry's id and its hash."""

    process: BaseProcess
    told: Connection


@dataclass
class Shift:
    """Who writes, and what was acknowledged by them and by those who were killed."""

    url: str
    writers: list[Writer] = field(default_factory=list)
    acknowledged: dict[UUID, bytes] = field(default_factory=dict)

    def hear(self) -> None:
        """Take what the writers have acknowledged; a killed one may have been in mid-sentence."""
        for writer in self.writers:
            with suppress(EOFError, OSError):
                while writer.told.poll():
                    said = writer.told.recv_bytes()
                    self.acknowledged[UUID(bytes=said[:16])] = said[16:]


@db_option
@click.option("--kills", default=50, show_default=True, help="Kills on each database.")
def run(*, kinds: Sequence[str], kills: int) -> Sequence[Figure]:
    """Kill, and count what should never happen."""
    return [figure for kind in kinds for figure in _kill_in_turn(kind, kills)]


def _kill_in_turn(kind: str, kills: int) -> Iterator[Figure]:
    with open_house(kind) as house:
        engine = house.services.engine
        TABLES.create_all(engine)
        shift = Shift(engine.url.render_as_string(hide_password=False))
        try:
            for _ in range(N_WRITERS):
                _start_writer(shift)
            for number in range(kills):
                _wait_for_load(shift)
                _kill(shift, VICTIMS[kind][number % len(VICTIMS[kind])])
            _wait_for_load(shift)
        finally:
            for writer in shift.writers:
                writer.process.kill()
                writer.process.join()
            shift.hear()
        pending = _wait_until_sealed(house)
        yield Figure(f"{kind}: kills", kills, "times")
        yield from _recount(kind, house, shift, pending)


def _start_writer(shift: Shift) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_write, args=(shift.url, theirs), daemon=True)
    process.start()
    theirs.close()  # else the end of a killed writer would never be heard
    shift.writers.append(Writer(process, ours))


def _write(url: str, tell: Connection) -> None:
    """Record overrides until somebody ends us; while the database is down, try again."""
    actor = Actor(new_id(), "Reviewer")
    with engine_of(url) as engine:
        while True:
            try:
                with unit_of_work(engine) as uow:
                    entry = record_override(uow, actor)
                    row = {"id": entry.id, "envelope": SAME_BYTES}
                    _BUSINESS.run(uow.connection, row)
            except DBAPIError:
                time.sleep(0.05)
                continue
            tell.send_bytes(entry.id.bytes + entry.leaf_hash)
            time.sleep(0.002)  # the point is when they die, not how fast they are


def _wait_for_load(shift: Shift) -> None:
    enough = len(shift.acknowledged) + ENTRIES_BETWEEN_KILLS
    deadline = time.monotonic() + PATIENCE_SECONDS
    time.sleep(SECONDS_BETWEEN_KILLS)
    while len(shift.acknowledged) < enough and time.monotonic() < deadline:
        time.sleep(0.05)
        shift.hear()


def _kill(shift: Shift, victim: str) -> None:
    if victim != WRITER:
        kill(victim)
        return
    oldest = shift.writers[0]
    os.kill(oldest.process.pid or 0, signal.SIGKILL)
    oldest.process.join()
    shift.hear()
    shift.writers.remove(oldest)
    _start_writer(shift)


def _wait_until_sealed(house: House) -> bool:
    """Wait for the sequencer; say whether anything is still without its proof."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    waits = True
    while waits and time.monotonic() < deadline:
        with suppress(DBAPIError), house.services.reading() as uow:
            waits = has_waiting(uow)
        time.sleep(0.2)
    return waits


def _recount(kind: str, house: House, shift: Shift, pending: bool) -> Iterator[Figure]:
    told = shift.acknowledged
    kept = house.services.kept_checkpoint.newest()
    with house.services.reading() as uow:
        recorded = sa.select(ENTRY.c.id, ENTRY.c.leaf_hash).where(
            ENTRY.c.action == Action.REVIEW_OVERRIDDEN
        )
        entries = {row.id: row.leaf_hash for row in uow.connection.execute(recorded)}
        rows = set(uow.connection.execute(sa.select(BARE.c.id)).scalars())
        verifier = house.services.log_key.verifier
        verdict = verify_log(uow, verifier=verifier, kept=[kept] if kept else [])
    lost = sum(entries.get(entry_id) != leaf for entry_id, leaf in told.items())
    alone = len(rows ^ entries.keys())
    yield Figure(f"{kind}: entries acknowledged", len(told), "entries")
    yield Figure(f"{kind}: acknowledged and lost or changed", lost, "entries", at_most=0)
    yield Figure(f"{kind}: rows or entries without the other", alone, "found", at_most=0)
    yield Figure(f"{kind}: still pending", int(pending), "logs", at_most=0)
    wrong = len(verdict.findings)
    yield Figure(f"{kind}: wrong indices, roots, counters", wrong, "found", at_most=0)


_BUSINESS = Statement(sa.insert(BARE))
