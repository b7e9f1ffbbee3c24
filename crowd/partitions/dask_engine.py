"""Do work on a Dask cluster: the only module that knows Dask.

What a lost worker held is made again by Dask, from the files on: a promise keeps the whole graph
of pure functions that it came from. Nothing is scattered, for that would live on workers alone.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import dask
from distributed import Client, KilledWorker, LocalCluster
from distributed.client import FutureCancelledError
from distributed.security import Security

from crowd.aggregation.partitioned import Engine, Held
from folkmoot import __version__
from folkmoot.kernel.errors import Conflict, Unavailable

T = TypeVar("T")

_PATIENCE_SECONDS = 10


class DaskEngine(Engine):
    """Do work on the workers of a cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def do(self, work: Callable[..., T], *given: object) -> Held[T]:
        """Hand the work to the scheduler, and return at once."""
        # Not pure in Dask's sense: names made from contents would cost a digest of every table.
        return Held(self._client.submit(work, *map(_promised, given), pure=False))

    def fetch(self, held: Held[T]) -> T:
        """Wait for a result. Raise Unavailable where the cluster cannot give it any more."""
        try:
            return cast("T", self._client.gather(held.inside))
        except FutureCancelledError as error:
            raise Unavailable("The Dask scheduler was lost, and all that it knew.") from error
        except KilledWorker as error:
            raise Unavailable(
                "The Dask workers died again and again at the same work; most often they have too "
                "little memory. More partitions make each of them smaller."
            ) from error

    def process_ids(self) -> list[int]:
        """Return the process of each worker."""
        return list(self._client.run(os.getpid).values())


def _promised(given: object) -> object:
    if isinstance(given, list):
        return [_promised(each) for each in given]
    return given.inside if isinstance(given, Held) else given


@contextmanager
def cluster_at(scheduler: str) -> Iterator[DaskEngine]:
    """Work on the cluster of a scheduler; raise Unavailable or Conflict where it is of no use."""
    try:
        client = Client(scheduler, timeout=_PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(f"No Dask scheduler answers at {scheduler}: {error}") from error
    with client:
        _check_workers(client, scheduler)
        yield DaskEngine(client)


@contextmanager
def local_cluster(n_workers: int) -> Iterator[DaskEngine]:
    """Work on processes of this machine, which end with the block."""
    with _local_cluster(n_workers) as cluster, Client(cluster, set_as_default=False) as client:
        yield DaskEngine(client)


@contextmanager
def _local_cluster(n_workers: int) -> Iterator[LocalCluster]:
    # Who reaches a scheduler runs code as its user. Loopback is open to all users of a machine,
    # so even there only those with this run's keys are let in.
    settings = {
        "distributed.nanny.pre-spawn-environ.NUMBA_NUM_THREADS": 1,
        "distributed.scheduler.allowed-failures": 5,
        "distributed.scheduler.http.routes": [],
        "distributed.admin.large-graph-warning-threshold": "1GB",
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls://",
            security=Security.temporary(),
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        yield cluster


def _check_workers(client: Client, scheduler: str) -> None:
    """Raise where no worker comes, or the workers have another Folkmoot than we."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_SECONDS)
    except TimeoutError as error:
        raise Unavailable(f"The scheduler at {scheduler} has no workers.") from error
    try:
        versions = client.run(version)
    except ModuleNotFoundError as error:
        raise Conflict(f"The workers of {scheduler} have no {error.name} installed.") from error
    others = sorted({each for each in versions.values() if each != __version__})
    if others:
        raise Conflict(
            f"The workers of {scheduler} have Folkmoot {', '.join(others)}, here is {__version__}."
        )


def version() -> str:
    """Return which Folkmoot this process has."""
    return __version__
