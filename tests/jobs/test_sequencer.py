"""Entries have their proof within a second, with no queue and no worker at all."""

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
from sqlalchemy import text

from audit.searching import log_health
from folkmoot.bootstrap import Services
from folkmoot.jobs.sequencer import seal_forever

from ..api.conftest import PROJECT, Person
from ..api.story import made

# Room for a busy machine; the aim itself is measured by `folkmoot bench audit-append`.
PATIENCE_SECONDS = 10.0


@pytest.fixture
def sequencer(services: Services) -> Iterator[Thread]:
    stop = Event()
    thread = Thread(target=seal_forever, args=(services,), kwargs={"stop": stop})
    thread.start()
    yield thread
    stop.set()
    thread.join()


def waits(services: Services) -> int:
    with services.reading() as uow:
        return log_health(uow).unsealed


def comes_true(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def test_what_is_recorded_is_sealed_without_a_queue(
    services: Services, team: Person, sequencer: Thread
) -> None:
    for number in range(3):
        made(team.post("/projects", {**PROJECT, "slug": f"cats-{number}"}))
        assert comes_true(lambda: waits(services) == 0)


def test_a_refusal_is_no_end(
    services: Services, team: Person, sequencer: Thread, caplog: pytest.LogCaptureFixture
) -> None:
    assert comes_true(lambda: waits(services) == 0)
    with services.engine.begin() as connection:
        connection.execute(text("UPDATE audit_log_head SET size = 0"))
    made(team.post("/projects", PROJECT))
    assert comes_true(lambda: "head is damaged" in caplog.text)
    assert sequencer.is_alive()
    assert waits(services) > 0
