"""The sequencer in a process of its own, and what is known afterwards of when it proved what."""

import bisect
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa

from audit.keeping import CheckpointKeeper
from audit.merkle import Frontier
from audit.notes import Checkpoint, Note
from audit.tables import CHECKPOINT, ENTRY
from folkmoot.bench.databases import engine_of
from folkmoot.bootstrap import bootstrap
from folkmoot.jobs.sequencer import seal_forever
from folkmoot.kernel.settings import Settings
from folkmoot.kernel.unit_of_work import reading

PRELOADED = ["folkmoot.bench.audit_sealer"]
LEAVES_AT_ONCE = 10_000

# The log's size, and when a checkpoint of that size had committed.
Sealed: TypeAlias = list[tuple[int, float]]


@dataclass(frozen=True)
class NotingKeeper(CheckpointKeeper):
    """Keeps a checkpoint as always, and notes when: it is told right after the commit."""

    noted: Sealed

    def keep(self, note: str) -> None:
        """Keep a signed note."""
        self.noted.append((Checkpoint.parse(Note.parse(note).text).size, time.monotonic()))
        super().keep(note)


@contextmanager
def sequencer(url: str, folder: Path) -> Iterator[Callable[[], Sealed]]:
    """Seal a log in a process of its own; what is yielded ends it, and says what was sealed when.

    `folder` has the log's key and its newest checkpoint, as an installation's data folder does.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe()
    process = context.Process(target=_seal, args=(url, folder, theirs), daemon=True)
    process.start()
    ours.recv()

    def end() -> Sealed:
        ours.send("end")
        sealed: Sealed = ours.recv()
        process.join()
        return sealed

    try:
        yield end
    finally:
        process.kill()


def _seal(url: str, folder: Path, parent: Connection) -> None:
    services = bootstrap(Settings(data_dir=folder, database_url=url, queue_url=""))
    noted: Sealed = []
    keeper = NotingKeeper(services.kept_checkpoint.path, noted)
    stop = Event()
    thread = Thread(
        target=seal_forever,
        args=(replace(services, kept_checkpoint=keeper),),
        kwargs={"stop": stop},
    )
    thread.start()
    parent.send("ready")
    parent.recv()
    stop.set()
    thread.join()
    parent.send(noted)


def seconds_to_proof(
    url: str, committed: Sequence[tuple[UUID, float]], sealed: Sealed
) -> list[float]:
    """Return for each entry how long after its commit a signed checkpoint covered it."""
    sizes = [size for size, _ in sealed]
    with engine_of(url) as engine, reading(engine) as uow:
        placed = sa.select(ENTRY.c.id, ENTRY.c.leaf_index).where(ENTRY.c.leaf_index.is_not(None))
        index_of = {row.id: row.leaf_index for row in uow.connection.execute(placed)}
    return [
        max(0.0, sealed[bisect.bisect_right(sizes, index_of[entry_id])][1] - moment)
        for entry_id, moment in committed
    ]


def is_whole(url: str) -> bool:
    """Say whether the indices have no gap, and lead to the root that was signed last."""
    with engine_of(url) as engine, reading(engine) as uow:
        newest = sa.select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size.desc()).limit(1)
        signed = Checkpoint.parse(Note.parse(uow.connection.execute(newest).scalar_one()).text)
        placed = (
            sa.select(ENTRY.c.leaf_index, ENTRY.c.leaf_hash)
            .where(ENTRY.c.leaf_index.is_not(None))
            .order_by(ENTRY.c.leaf_index)
            .execution_options(yield_per=LEAVES_AT_ONCE)
        )
        frontier = Frontier()
        for some in uow.connection.execute(placed).partitions():
            places = range(frontier.size, frontier.size + len(some))
            if [row.leaf_index for row in some] != list(places):
                return False
            frontier = frontier.extend([row.leaf_hash for row in some])
    return (signed.size, signed.root) == (frontier.size, frontier.root())
