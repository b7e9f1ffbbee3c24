"""The programs that the documentation shows do what it says."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from audit.actions import Action
from audit.keys import LogKey
from audit.recording import record
from audit.sealing import seal_log
from audit.searching import receipt_of
from audit.signing_keys import SigningKey
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.db import make_engine
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.unit_of_work import UnitOfWork, unit_of_work

ORIGIN = "labels.example.org/log"


@pytest.fixture(scope="module")
def log_key() -> LogKey:
    return LogKey(ORIGIN, SigningKey.generate(ORIGIN))


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory, log_key: LogKey) -> JsonObject:
    """The receipt of the second of three entries."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('log') / 'folkmoot.sqlite'}")
    upgrade_database(engine)
    with unit_of_work(engine) as uow:
        entries = [_overridden(uow) for _ in range(3)]
    with unit_of_work(engine) as uow:
        seal_log(uow, log_key)
    with unit_of_work(engine) as uow:
        return receipt_of(uow, entry_id=entries[1])


def _overridden(uow: UnitOfWork) -> UUID:
    entry = record(
        uow,
        PLATFORM,
        Action.REVIEW_OVERRIDDEN,
        subject_type="decision",
        subject_id=new_id(),
        facts={"before": "yes", "after": "no"},
        personal={"reason_text": "Seen again."},
    )
    return entry.id


def check(root: Path, folder: Path, receipt: JsonObject, verifier: str) -> tuple[int, str]:
    """Run the command of the page on a receipt, with a copy of the program and nothing of ours."""
    page = (root / "docs/how-to/verify-the-log.md").read_text()
    assert "python verify.py --receipt receipt.json --key" in page
    (folder / "verify.py").write_bytes((root / "audit/offline/verify.py").read_bytes())
    (folder / "receipt.json").write_text(json.dumps({"receipt": receipt}))
    command = [sys.executable, "-I", "verify.py", "--receipt", "receipt.json", "--key", verifier]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_example_proves_a_receipt(root: Path, tmp_path: Path, receipt, log_key) -> None:
    status, said = check(root, tmp_path, receipt, log_key.verifier)

    assert status == 0
    assert "receipt.json: the log has signed it; it is entry 1, review.overridden, record" in said


@pytest.mark.parametrize("part", ["envelope", "disclosures"])
def test_the_example_refuses_a_changed_receipt(
    root: Path, tmp_path: Path, receipt, log_key, part: str
) -> None:
    changed = json.loads(json.dumps(receipt).replace("Seen again.", "Not seen."))
    if part == "envelope":
        changed = receipt | {"envelope": str(receipt["envelope"]).replace('"no"', '"yes"')}

    status, _said = check(root, tmp_path, changed, log_key.verifier)

    assert status == 1


def test_the_example_refuses_another_logs_key(root: Path, tmp_path: Path, receipt) -> None:
    stranger = SigningKey.generate(ORIGIN).verifier.to_text()

    status, _said = check(root, tmp_path, receipt, stranger)

    assert status == 1
