"""Build a witness from its files, for the command that checks them and the server that runs it."""

from pathlib import Path

from pydantic import BaseModel, Field

from audit.witness import Witness
from audit.witness_app import WitnessApp
from audit.witness_files import load_cosigning_key, load_policy
from audit.witness_store import WitnessStore
from folkmoot.kernel import clock

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
        store=WitnessStore(files.state),
        now=lambda: int(clock.now().timestamp()),
    )
    return WitnessApp(witness)
