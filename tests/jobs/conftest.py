"""The application's services, with a queue that is real and may be taken away."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.jobs import running
from folkmoot.jobs.announcing import QUEUES
from folkmoot.kernel.settings import Settings
from folkmoot.runtime.valkey import EmbeddedValkey

# The fixtures are the API's own; pytest finds them by their names here.
from ..api.conftest import app, migrated, officer, person, run_jobs, team  # noqa: F401


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey of this test's own, which it may stop and start again."""
    with EmbeddedValkey(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, migrated: bytes, valkey: EmbeddedValkey) -> Settings:  # noqa: F811
    database = tmp_path / "folkmoot.sqlite"
    database.write_bytes(migrated)
    return Settings(data_dir=tmp_path, database_url=f"sqlite:///{database}", queue_url=valkey.url)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    made = bootstrap(settings)
    yield made
    made.engine.dispose()


@pytest.fixture
def worker_environment(settings: Settings) -> dict[str, str]:
    """What a process needs to work on the same database and queue."""
    ours = {
        "FOLKMOOT_DATA_DIR": str(settings.data_dir),
        "FOLKMOOT_DATABASE_URL": settings.database_url,
        "FOLKMOOT_QUEUE_URL": settings.queue_url,
    }
    return {**os.environ, **ours}


@pytest.fixture
def work_off(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], int]:
    """Let a worker take every job that waits on the queues; return how many waited."""
    monkeypatch.setattr(running, "services_of_this_process", lambda: services)

    def work() -> int:
        connection = Redis.from_url(settings.queue_url)
        queues = [Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES]
        waiting = sum(len(queue) for queue in queues)
        worker = SimpleWorker(queues, connection=connection, serializer=JSONSerializer)
        worker.work(burst=True, logging_level="WARNING")
        return waiting

    return work
