"""A whole Folkmoot for a measurement: its real programs under the real supervisor, and tokens."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from folkmoot.bootstrap import Services, bootstrap
from folkmoot.identity.accounts import AccountDraft, actor_of, create_account
from folkmoot.identity.permissions import Role
from folkmoot.identity.tokens import issue_token
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings
from folkmoot.runtime.household import household
from folkmoot.runtime.ports import free_port
from folkmoot.runtime.postgres import TemporaryPostgres
from folkmoot.runtime.supervisor import Supervisor
from folkmoot_client import Connection

TOKEN_LIFE = timedelta(days=1)
PATIENCE_SECONDS = 60
# Whoever labels waits for a program that was killed, however busy the machine that starts it again.
PAUSES_SECONDS = (0.1, 0.2, 0.5, *[1.0] * 120)
# What the command line of each program says.
MARKS = {
    "web": "granian",
    "worker": "folkmoot.jobs.worker",
    "sweep": "folkmoot.jobs.sweeper",
    "Valkey": "valkey-server",
    "PostgreSQL": "postgres -D",
}


@dataclass
class House:
    """What runs, where it answers, and what the supervisor told."""

    url: str
    services: Services
    told: list[str] = field(default_factory=list)

    def connection(self, role: Role) -> Connection:
        """Make an account with a role, and return its connection to the API."""
        return Connection(self.url, token=self.token(role), pauses=PAUSES_SECONDS)

    def token(self, role: Role) -> str:
        """Make an account with a role, and return a token for all that it may do."""
        draft = AccountDraft(
            email=f"{new_id()}@bench.example", display_name=role.value.title(), roles={role}
        )
        with self.services.unit_of_work() as uow:
            account = create_account(uow, PLATFORM, draft=draft)
            uow.session.flush()  # its permissions are read from its row
            issued = issue_token(
                uow,
                PLATFORM,
                account_id=account.id,
                name="bench",
                scopes=actor_of(uow, account.id).permissions,
                expires_at=clock.now() + TOKEN_LIFE,
            )
        return issued.text


@contextmanager
def open_house(kind: str) -> Iterator[House]:
    """Run everything on a fresh database of a kind, and end it all afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="folkmoot-bench-")))
        told: list[str] = []
        database_url = f"sqlite:///{folder / 'bench.sqlite'}"
        if kind == "postgres":
            database_url = stack.enter_context(_supervised_postgres(told))
        settings = Settings(data_dir=folder, database_url=database_url, queue_url="")
        services = bootstrap(settings)
        stack.callback(services.engine.dispose)
        upgrade_database(services.engine)
        home = household(settings, port=free_port())
        stack.enter_context(Supervisor(home.programs, tell=told.append))
        yield House(home.url, services, told)


def kill(program: str) -> None:
    """Kill every process of a program (one of MARKS) that we started, but not its reaper."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (victims := _processes_of(program)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no process of {program} was found")
        time.sleep(0.05)  # it is being started again
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)


def _processes_of(program: str) -> list[psutil.Process]:
    family = psutil.Process().children(recursive=True)
    return [process for process in family if _is_of(program, process)]


@contextmanager
def _supervised_postgres(told: list[str]) -> Iterator[str]:
    server = TemporaryPostgres(durable=True)
    try:
        with Supervisor([server.prepare()], tell=told.append):
            yield server.create_database("bench")
    finally:
        server.stop()


def _is_of(program: str, process: psutil.Process) -> bool:
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return False  # it has ended by itself, as the worker's forks do
    return MARKS[program] in words and "reaper" not in words
