"""What the same work takes without HTTP, and without our code: how far there is to go at all.

services    the same transactions by as many processes and threads as the server has, no HTTP
driver      the same rows read and written by SQL on the driver: no checks, no ORM, no Core

`folkmoot.bench.empty` is the third ceiling: HTTP without any work.
"""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.engine import Engine

from crowd.answering import answer_and_lease
from crowd.leasing import next_lease
from folkmoot.bench.databases import engine_of
from folkmoot.bench.driver_sql import DriverAnnotator
from folkmoot.bench.measure import Figure
from folkmoot.bench.serving import cpu_seconds, postmaster_of
from folkmoot.kernel.unit_of_work import unit_of_work


@dataclass(frozen=True)
class Shift:
    """What one process does: its annotators, each a thread, on one project."""

    url: str
    project_id: UUID
    annotator_ids: Sequence[UUID]
    seconds: float


@dataclass(frozen=True)
class Done:
    """What one process did."""

    n_labels: int
    seconds: float
    cpu_seconds: float


Labour = Callable[[Engine, Shift, UUID], Iterator[None]]


def by_services(engine: Engine, shift: Shift, annotator_id: UUID) -> Iterator[None]:
    """Answer and lease in one transaction, as the API does."""
    with unit_of_work(engine) as uow:
        leased = next_lease(uow, project_id=shift.project_id, annotator_id=annotator_id)
    while leased is not None:
        with unit_of_work(engine) as uow:
            answered = answer_and_lease(
                uow,
                annotator_id=annotator_id,
                lease_id=leased.lease_id,
                answer="yes",
                active_seconds=5.0,
            )
        leased = answered.leased
        yield


def by_driver(engine: Engine, shift: Shift, annotator_id: UUID) -> Iterator[None]:
    """Read and write the same rows by SQL on the driver."""
    yield from DriverAnnotator(engine, shift.project_id, annotator_id).labels()


def ceiling(
    name: str, labour: Labour, url: str, project_id: UUID, people: Sequence[UUID],
    *, processes: int, seconds: float,
) -> Iterator[Figure]:  # fmt: skip
    """Let processes of several threads do the work, and say what a label took."""
    postmaster = postmaster_of(url)
    before = 0.0 if postmaster is None else cpu_seconds(postmaster)
    shifts = [Shift(url, project_id, people[n::processes], seconds) for n in range(processes)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        done = pool.starmap(_work, [(labour, shift) for shift in shifts])
    database = 0.0 if postmaster is None else cpu_seconds(postmaster) - before
    n_labels = max(1, sum(one.n_labels for one in done))
    own = sum(one.cpu_seconds for one in done)
    yield Figure(f"{name}: labels", sum(one.n_labels / one.seconds for one in done), "per second")
    yield Figure(f"{name}: processor", (own + database) * 1000 / n_labels, "ms a label")


def _work(labour: Labour, shift: Shift) -> Done:
    counted: list[int] = []
    with engine_of(shift.url) as engine:
        cpu, began = time.process_time(), time.monotonic()
        until = began + shift.seconds
        threads = [
            threading.Thread(target=_label_until, args=(labour(engine, shift, who), until, counted))
            for who in shift.annotator_ids
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return Done(len(counted), time.monotonic() - began, time.process_time() - cpu)


def _label_until(labels: Iterator[None], until: float, counted: list[int]) -> None:
    for _ in labels:
        counted.append(1)
        if time.monotonic() > until:
            return
