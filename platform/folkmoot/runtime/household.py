"""Everything that one machine needs to run Folkmoot, as programs of one supervisor."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from folkmoot.kernel.settings import Settings
from folkmoot.runtime.folders import require_writable_folder
from folkmoot.runtime.ports import LOOPBACK
from folkmoot.runtime.processes import Program
from folkmoot.runtime.programs import sweep_program, web_program, worker_program
from folkmoot.runtime.valkey import EmbeddedValkey


@dataclass(frozen=True)
class Household:
    """The programs, in the order in which they start, and where people find them."""

    programs: tuple[Program, ...]
    url: str
    environment: Mapping[str, str]


def household(settings: Settings, *, port: int, logs: Path | None = None) -> Household:
    """Return the programs that serve these settings; Valkey is one where no queue is named."""
    require_writable_folder(settings.data_dir)
    logs = require_writable_folder(logs or settings.data_dir / "logs")
    url = f"http://{LOOPBACK}:{port}"
    programs: list[Program] = []
    queue_url = settings.queue_url
    if not queue_url:
        valkey = EmbeddedValkey(settings.data_dir / "valkey")
        valkey.require_sole_owner()
        programs.append(valkey.program)
        queue_url = valkey.url
    environment = {
        "FOLKMOOT_DATA_DIR": os.fspath(settings.data_dir.resolve()),
        "FOLKMOOT_DATABASE_URL": settings.database_url,
        "FOLKMOOT_QUEUE_URL": queue_url,
        "FOLKMOOT_PUBLIC_URL": url,
        "FOLKMOOT_SECRET_KEY": settings.secret_key.get_secret_value(),
    }
    programs += [
        worker_program(environment=environment, log=logs / "worker.log"),
        sweep_program(environment=environment, log=logs / "sweep.log"),
        web_program(port=port, environment=environment, log=logs / "web.log"),
    ]
    return Household(tuple(programs), url, environment)
