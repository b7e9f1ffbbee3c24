"""The real server as processes of its own, and the processor time that it and the database take."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from sqlalchemy.engine import make_url

from folkmoot.bench.load import Findings, Orders
from folkmoot.runtime.ports import free_port
from folkmoot.runtime.processes import Child
from folkmoot.runtime.programs import web_program


@dataclass(frozen=True)
class Cost:
    """Processor seconds of the web processes and of the database's, and how long it was."""

    web: float
    database: float
    seconds: float

    def since(self, before: "Cost") -> "Cost":
        """Return what was spent since an earlier reading."""
        return Cost(
            self.web - before.web, self.database - before.database, self.seconds - before.seconds
        )


@dataclass(frozen=True)
class Served:
    """A server that runs: where it listens, and which processes are its own and the database's."""

    port: int
    web: psutil.Process
    database: psutil.Process | None

    def cost(self) -> Cost:
        """Read the clocks."""
        database = 0.0 if self.database is None else cpu_seconds(self.database)
        return Cost(cpu_seconds(self.web), database, time.monotonic())


@contextmanager
def serving(url: str, *, workers: int, threads: int, app: str = "wsgi:app") -> Iterator[Served]:
    """Serve a database by the real web program, until the block ends."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="folkmoot-bench-") as folder:
        program = web_program(
            port=port,
            workers=workers,
            threads=threads,
            app=app,
            environment=_environment(url, folder),
            log=Path(folder) / "web.log",
        )
        with Child(program).wait_until_ready() as child:
            yield Served(port, psutil.Process(child.pid), postmaster_of(url))


def load(served: Served, orders: Orders) -> tuple[Findings, Cost]:
    """Let a process of its own play the annotators; return what they saw and what it cost us."""
    generator = subprocess.Popen(
        [sys.executable, "-m", "folkmoot.bench.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if generator.stdin is None or generator.stdout is None or generator.stderr is None:
        raise TypeError("the pipes were asked for")
    with generator:
        json.dump(asdict(orders), generator.stdin)
        generator.stdin.close()
        _wait_for(generator.stderr, "measuring")
        before = served.cost()
        _wait_for(generator.stderr, "measured")
        cost = served.cost().since(before)
        findings = Findings(**json.load(generator.stdout))
    return findings, cost


def cpu_seconds(root: psutil.Process) -> float:
    """Return the processor seconds of a process, of its living family, and of its dead children."""
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue  # its time is among its parent's dead children's at the next reading
    return total


def postmaster_of(url: str) -> psutil.Process | None:
    """Return the first process of a temporary PostgreSQL; SQLite has none of its own."""
    host = make_url(url).query.get("host")
    if host is None:
        return None
    first_line = (Path(str(host)) / "data" / "postmaster.pid").read_text().split("\n", 1)[0]
    return psutil.Process(int(first_line))


def _environment(url: str, folder: str) -> Mapping[str, str]:
    return {"FOLKMOOT_DATABASE_URL": url, "FOLKMOOT_DATA_DIR": folder, "FOLKMOOT_QUEUE_URL": ""}


def _wait_for(lines: Iterator[str], word: str) -> None:
    told: list[str] = []
    for line in lines:
        if line.strip() == word:
            return
        told.append(line)
    raise RuntimeError("The load generator ended: " + "".join(told))
