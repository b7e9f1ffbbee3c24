"""`folkmoot witness`, and what the log's own commands do with it, as an operator types them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.cosigning import CosignerKey
from audit.notes import Note, open_note
from folkmoot.cli.main import folkmoot
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.runtime.ports import free_port

PATIENCE_SECONDS = 60


@dataclass
class Operator:
    """Somebody who types commands; files are all in one folder."""

    folder: Path

    def runs(self, *words: str, status: int = 0) -> str:
        done = CliRunner().invoke(folkmoot, self._with_files(words), env=self._environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return done.output

    @contextmanager
    def serves(self, *words: str, until: str) -> Iterator[None]:
        command = [sys.executable, "-u", "-m", "folkmoot.cli.main", *self._with_files(words)]
        process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert any(until in line for line in process.stdout)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
        assert process.returncode == 0

    def _with_files(self, words: tuple[str, ...]) -> list[str]:
        return [str(self.folder / word[1:]) if word.startswith("@") else word for word in words]

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "FOLKMOOT_DATA_DIR": str(self.folder / "var"),
            "FOLKMOOT_WITNESS_POLICY_FILE": str(self.folder / "policy.txt"),
        }


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    (tmp_path / "policy.txt").write_text("quorum none\n")
    (tmp_path / "logs.txt").write_text("quorum none\n")
    return Operator(tmp_path)


def test_an_operator_runs_a_witness_and_a_log_is_cosigned_and_published(operator: Operator):
    operator.runs("db", "upgrade")
    operator.runs("audit", "verify")  # which records that it did
    operator.runs("audit", "seal")
    verifier = operator.runs("audit", "verifier").strip()
    (operator.folder / "logs.txt").write_text(f"log {verifier}\nquorum none\n")
    kinds = {"@w.key": "ed25519", "@pq.key": "ml-dsa-44"}
    keys = [
        operator.runs("witness", "key", file, "--name", "w.example/1", "--kind", kind).strip()
        for file, kind in kinds.items()
    ]
    port = free_port()
    lines = [f"witness w{n} {key} http://127.0.0.1:{port}" for n, key in enumerate(keys)]
    policy = "\n".join([*lines, "group both all w0 w1", "quorum both"])
    (operator.folder / "policy.txt").write_text(policy)

    assert "quorum is not met" in operator.runs("audit", "cosign", status=1)
    options = ["--key", "@w.key", "--key", "@pq.key", "--logs", "@logs.txt", "--state", "@s.sqlite"]
    with operator.serves("witness", "serve", *options, "--port", str(port), until="is asked at"):
        assert "quorum is met" in operator.runs("audit", "cosign")
    operator.runs("audit", "publish", "@public")

    note = (operator.folder / "public/checkpoint").read_text()
    assert len(open_note(note, map(CosignerKey.parse, keys)).signatures) == 2
    assert Note.parse(note).text in operator.runs("witness", "show", "@s.sqlite")
    assert (operator.folder / "public/tile/0/000.p/1").stat().st_size == 32


def test_a_file_that_is_no_key_is_refused_and_kept(operator: Operator):
    file = operator.folder / "no.key"
    file.write_text("nothing\n")

    with pytest.raises(ConfigurationError, match="holds no witness key"):
        operator.runs(
            "witness", "serve", "--key", "@no.key", "--logs", "@logs.txt", "--state", "@s.sqlite"
        )
    with pytest.raises(ConfigurationError, match="it is kept"):
        operator.runs("witness", "key", "@no.key", "--name", "w.example")

    assert file.read_text() == "nothing\n"


def test_a_new_key_is_for_its_owner_alone(operator: Operator):
    operator.runs("witness", "key", "@new.key", "--name", "w.example")
    assert (operator.folder / "new.key").stat().st_mode & 0o077 == 0


def test_a_memory_that_cannot_be_used_is_said_at_once(operator: Operator):
    operator.runs("witness", "key", "@w.key", "--name", "w.example")
    (operator.folder / "damaged.sqlite").write_text("not a memory at all" * 100)

    for state in ("@damaged.sqlite", "@nowhere/s.sqlite"):
        with pytest.raises(ConfigurationError, match="cannot remember"):
            operator.runs(
                "witness", "serve", "--key", "@w.key", "--logs", "@logs.txt", "--state", state
            )
