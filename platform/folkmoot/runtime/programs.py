"""The programs that make up a running Folkmoot: web server, worker, sweep."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from folkmoot.runtime.ports import LOOPBACK
from folkmoot.runtime.processes import Program


def web_program(
    *,
    port: int,
    host: str = LOOPBACK,
    workers: int = 1,
    threads: int = 4,
    app: str = "wsgi:app",
    environment: Mapping[str, str],
    log: Path | None = None,
) -> Program:
    """Return the web server: granian processes that share the port."""
    argv = (
        sys.executable, "-m", "granian", "--interface", "wsgi",
        "--host", host, "--port", str(port), "--workers", str(workers),
        "--blocking-threads", str(threads), "--backpressure", str(32 * threads),
        "--workers-kill-timeout", "5", "--no-ws",
        "--log-level", "error", app,
    )  # fmt: skip
    return Program(
        name="web",
        argv=argv,
        environment=environment,
        log=log,
        ready=lambda: _serves(port, host),
        ready_timeout_seconds=60,
    )


def worker_program(*, environment: Mapping[str, str], log: Path | None = None) -> Program:
    """Return the RQ worker."""
    argv = (sys.executable, "-m", "folkmoot.jobs.worker")
    return Program(name="worker", argv=argv, environment=environment, log=log, grace_seconds=5)


def sweep_program(*, environment: Mapping[str, str], log: Path | None = None) -> Program:
    """Return the sweep, which catches up with what the queue missed."""
    argv = (sys.executable, "-m", "folkmoot.jobs.sweeper")
    return Program(name="sweep", argv=argv, environment=environment, log=log, grace_seconds=5)


def _serves(port: int, host: str) -> bool:
    asked = LOOPBACK if host in {"0.0.0.0", "::"} else host  # noqa: S104  # read, not listened on
    try:
        with urllib.request.urlopen(f"http://{asked}:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
