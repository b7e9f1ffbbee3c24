"""Build a witness from its files, for the command that checks them and the server that runs it."""

import sqlite3
from pathlib import Path

from pydantic import BaseModel, Field

from audit.witness import Witness
from audit.witness_app import WitnessApp
from audit.witness_files import load_cosigning_key, load_policy
from audit.witness_store import WitnessStore
from folkmoot.kernel import clock
from folkmoot.kernel.errors import ConfigurationError

# The environment variable that tells the server its files.
VARIABLE = "FOLKMOOT_WITNESS_SERVES"


class WitnessFiles(BaseModel):
    """The files of a witness: its keys, the logs that it watches, what it remembers."""

    keys: list[Path] = Field(min_length=1)
    logs: Path
    state: Path


def witness_app(files: WitnessFiles) -> WitnessApp:
    """Build the witness that these files describe."""
    witness = Witness(
        keys=[load_cosigning_key(path) for path in files.keys],
        logs=[one.key for one in load_policy(files.logs).logs],
        store=_store_at(files.state),
        now=lambda: int(clock.now().timestamp()),
    )
    return WitnessApp(witness)


def _store_at(path: Path) -> WitnessStore:
    try:
        return WitnessStore(path)
    except sqlite3.Error as error:
        raise ConfigurationError(
            f"The witness cannot remember in {path}: {error}. Never replace a file that it has "
            "remembered in; a witness that lost it needs a new key."
        ) from error
