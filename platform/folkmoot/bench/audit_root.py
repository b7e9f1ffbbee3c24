"""The root over many entries, rebuilt from the database: how fast, in how much memory."""

import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection as Pipe

import click
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from audit.actions import Action
from audit.merkle import leaf_hash, root_of
from audit.rebuilding import frontier_of_entries
from audit.tables import ENTRY
from folkmoot.bench.databases import engine_of, fresh_database
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import COUNTS, db_option
from folkmoot.kernel import clock
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.statements import Given, Statement
from folkmoot.kernel.unit_of_work import reading, unit_of_work

PRELOADED = ["folkmoot.bench.audit_root"]
AT_ONCE = 20_000
# Largest growth of a process that reads a thousand entries or a million.
FLAT_MEGABYTES = 64
# macOS counts bytes, Linux kilobytes.
BYTES_EACH = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Rebuilt:
    """The root, how long one core worked for it, and by how much the process grew."""

    root: bytes
    cpu_seconds: float
    megabytes: float


@db_option
@click.option("--entries", type=COUNTS, default="1_000_000", show_default=True)
def run(*, kinds: Sequence[str], entries: Sequence[int]) -> Sequence[Figure]:
    """Fill a log, and rebuild its root."""
    return [figure for kind in kinds for count in entries for figure in _root(kind, count)]


def _root(kind: str, count: int) -> Iterator[Figure]:
    name = f"{kind}, {count:,} entries"
    with fresh_database(kind) as url:
        with engine_of(url) as engine:
            expected = root_of(_fill(engine, count))
        rebuilt = _rebuilt(url)
    limit = 10.0 * max(count, 1_000_000) / 1_000_000
    yield Figure(f"{name}: root rebuilt in", rebuilt.cpu_seconds, "CPU s", at_most=limit)
    yield Figure(f"{name}: the process grew by", rebuilt.megabytes, "MB", at_most=FLAT_MEGABYTES)
    yield Figure(f"{name}: other roots", int(rebuilt.root != expected), "found", at_most=0)


def _fill(engine: Engine, count: int) -> list[bytes]:
    """Put in entries that have their places; return their leaf hashes in order."""
    leaves: list[bytes] = []
    rows = _rows(count, leaves)
    with unit_of_work(engine) as uow:
        _let_places_in(uow.connection)
        while some := list(islice(rows, AT_ONCE)):
            _INSERT.run_many(uow.connection, some)
    return leaves


def _rows(count: int, leaves: list[bytes]) -> Iterator[Given]:
    actor_id, now = new_id(), clock.now()
    for number in range(count):
        envelope = number.to_bytes(8, "big") * 60
        leaves.append(leaf_hash(envelope))
        yield {
            "id": new_id(),
            "action": Action.REVIEW_OVERRIDDEN,
            "actor_id": actor_id,
            "actor_sequence": number + 1,
            "subject_type": "decision",
            "subject_id": actor_id,
            "project_id": None,
            "recorded_at": now,
            "envelope": envelope,
            "leaf_hash": leaves[-1],
            "leaf_index": number,
        }


def _let_places_in(connection: Connection) -> None:
    # The database takes no entry that has a place already; to seal a million takes minutes.
    table = " ON audit_entry" if connection.dialect.name == "postgresql" else ""
    connection.exec_driver_sql(f"DROP TRIGGER audit_entry_new{table}")


def _rebuilt(url: str) -> Rebuilt:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_rebuild, args=(url, theirs), daemon=True)
    process.start()
    rebuilt: Rebuilt = ours.recv()
    process.join()
    return rebuilt


def _rebuild(url: str, tell: Pipe) -> None:
    with engine_of(url) as engine, reading(engine) as uow:
        uow.connection.execute(sa.select(ENTRY.c.id).limit(1)).all()
        before, began = _most_megabytes(), time.process_time()
        frontier = frontier_of_entries(uow)
        seconds = time.process_time() - began
        tell.send(Rebuilt(frontier.root(), seconds, _most_megabytes() - before))


def _most_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_EACH / 2**20


_INSERT = Statement(sa.insert(ENTRY))
