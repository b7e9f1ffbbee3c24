"""Writers of overrides in processes of their own, and three ways to keep what they did.

log      an entry of the audit log, as `record()` writes it in its transaction; sealed meanwhile
bare     one durable insert of the same bytes, which proves nothing
chain    each row holds the hash of the one before, under a lock that all writers wait for

All three write through the same driver and unit of work, and each row is a transaction of its own.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from threading import Thread
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from audit.actions import Action
from audit.recording import Recorded, record
from folkmoot.bench.databases import engine_of
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.statements import Statement
from folkmoot.kernel.unit_of_work import UnitOfWork, unit_of_work

PATIENCE_SECONDS = 120.0
# Children start from a server that has loaded us: sixteen of them would load for long.
PRELOADED = ["folkmoot.bench.audit_writers"]
CHAIN_LOCK = 1
# What a reviewer does; with it an entry's envelope has about 500 bytes.
FACTS: JsonObject = {
    "act": "override",
    "before": "no",
    "after": "yes",
    "reason_codes": ["new_evidence"],
    "seconds": 41.5,
    "policy_version": 3,
    "shown_digest": sha256(b"what was shown").hexdigest(),
}
SAME_BYTES = bytes(500)

TABLES = sa.MetaData()
BARE = sa.Table(
    "bench_bare",
    TABLES,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)
CHAIN = sa.Table(
    "bench_chain",
    TABLES,
    sa.Column("place", sa.BigInteger, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

Way: TypeAlias = Callable[[UnitOfWork, Actor], UUID]


@dataclass(frozen=True)
class Slot:
    """For how long how many writers in how many processes write in one way."""

    url: str
    way: str
    seconds: float
    writers: int
    processes: int


@dataclass
class Written:
    """What the writers were told: milliseconds of each row, and when which was committed."""

    milliseconds: list[float] = field(default_factory=list)
    committed: list[tuple[UUID, float]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Return rows a second."""
        return len(self.milliseconds) / self.seconds

    def add(self, other: "Written") -> None:
        """Take what others were told too, at the same time or after."""
        self.milliseconds += other.milliseconds
        self.committed += other.committed


def record_override(uow: UnitOfWork, actor: Actor) -> Recorded:
    """Record an override."""
    return record(
        uow,
        actor,
        Action.REVIEW_OVERRIDDEN,
        subject_type="decision",
        subject_id=new_id(),
        facts=FACTS,
    )


def write_in_log(uow: UnitOfWork, actor: Actor) -> UUID:
    """Record an override, and nothing else."""
    return record_override(uow, actor).id


def write_bare(uow: UnitOfWork, _actor: Actor) -> UUID:
    """Insert as many bytes and nothing else."""
    row_id = new_id()
    _INSERT_BARE.run(uow.connection, {"id": row_id, "envelope": SAME_BYTES})
    return row_id


def write_in_chain(uow: UnitOfWork, _actor: Actor) -> UUID:
    """Chain as many bytes to the newest row, under a lock until the commit."""
    if uow.connection.dialect.name == "postgresql":
        _LOCK_CHAIN.first(uow.connection, {})
    last = _NEWEST.first(uow.connection, {})
    place, before = (last.place + 1, last.hash) if last else (0, b"")
    digest = sha256(before + SAME_BYTES).digest()
    values = {"place": place, "hash": digest, "envelope": SAME_BYTES}
    _INSERT_CHAIN.run(uow.connection, values)
    return new_id()


WAYS: dict[str, Way] = {"log": write_in_log, "bare": write_bare, "chain": write_in_chain}


def write(slot: Slot, actors: Sequence[Actor]) -> Written:
    """Let all writers write at once until their time is over, and gather what they were told."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    barrier = context.Barrier(slot.processes)
    told: list[Connection] = []
    running = []
    for number in range(slot.processes):
        ours, theirs = context.Pipe(duplex=False)
        arguments = (slot, actors[number :: slot.processes], barrier, theirs)
        process = context.Process(target=_write_in_process, args=arguments, daemon=True)
        process.start()
        running.append(process)
        told.append(ours)
    total = _gathered(told, slot.seconds)
    for process in running:
        process.join(PATIENCE_SECONDS)
    return total


def _gathered(told: Sequence[Connection], seconds: float) -> Written:
    total = Written(seconds=seconds)
    for one in told:
        if not one.poll(seconds + PATIENCE_SECONDS):
            raise RuntimeError("a process of writers said nothing")
        total.add(one.recv())
    return total


def _write_in_process(
    slot: Slot, actors: Sequence[Actor], barrier: Barrier, tell: Connection
) -> None:
    told = [Written() for _ in actors]
    with engine_of(slot.url) as engine:
        threads = [
            Thread(target=_write_alone, args=(engine, slot, actor, one), daemon=True)
            for actor, one in zip(actors, told, strict=True)
        ]
        for connection in [engine.connect() for _ in actors]:
            connection.close()  # nobody should be late by connecting
        barrier.wait(PATIENCE_SECONDS)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    total = Written()
    for one in told:
        total.add(one)
    tell.send(total)


def _write_alone(engine: Engine, slot: Slot, actor: Actor, told: Written) -> None:
    way = WAYS[slot.way]
    deadline = time.monotonic() + slot.seconds
    while (began := time.monotonic()) < deadline:
        with unit_of_work(engine) as uow:
            row_id = way(uow, actor)
        ended = time.monotonic()
        told.milliseconds.append((ended - began) * 1000)
        told.committed.append((row_id, ended))


def actors_for(count: int) -> Iterator[Actor]:
    """Yield so many people, who need no account to be named in an entry."""
    for number in range(count):
        yield Actor(new_id(), f"Reviewer {number}")


_INSERT_BARE = Statement(sa.insert(BARE))
_INSERT_CHAIN = Statement(sa.insert(CHAIN))
_NEWEST = Statement(sa.select(CHAIN.c.place, CHAIN.c.hash).order_by(CHAIN.c.place.desc()).limit(1))
_LOCK_CHAIN = Statement(sa.select(sa.func.pg_advisory_xact_lock(CHAIN_LOCK)))
