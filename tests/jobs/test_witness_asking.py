"""The log asks its witnesses, and waits for none of them."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from audit.actions import Action
from audit.cosigning import CosignatureKind, CosigningKey
from audit.models import Entry
from audit.notes import Signature, open_checkpoint, open_note
from audit.proof_files import ProofFile
from audit.recording import record
from audit.searching import receipt_of
from audit.signing_keys import VerifierKey
from audit.witness_files import load_policy
from audit.witness_policy import WitnessPolicy
from audit.witnessing import PATIENCE, WitnessHealth, cosigned_checkpoint, witness_health
from folkmoot.bootstrap import Services
from folkmoot.cli.witness_building import WitnessFiles, witness_app
from folkmoot.jobs import witness_asking
from folkmoot.jobs.audit_jobs import seal
from folkmoot.jobs.witness_asking import ask_witness, ask_witnesses, witness_threads
from folkmoot.kernel import clock
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.ids import new_id

from ..api.conftest import services  # noqa: F401  # without a queue
from ..audit.witness_server import serving


@dataclass
class Witnessed:
    """A log with witnesses: each has a folder, and may be served or not."""

    services: Services
    folder: Path

    def grow(self, n_entries: int = 1) -> None:
        with self.services.unit_of_work() as uow:
            for _ in range(n_entries):
                record(
                    uow, PLATFORM, Action.POLICY_SET,
                    subject_type="policy", subject_id=new_id(), facts={"hold_below": 0.5},
                )  # fmt: skip
        seal(self.services)

    @contextmanager
    def witness(self, name: str) -> Iterator[str]:
        """Serve a witness; what it saw before it still knows."""
        logs = self.folder / "logs.txt"
        logs.write_text(f"log {self.services.log_key.verifier}\nquorum none\n")
        key_file = self.folder / f"{name}.key"
        key_file.write_text(key_of(name).to_text())
        state = self.folder / f"{name}.sqlite"
        with serving(witness_app(WitnessFiles(keys=[key_file], logs=logs, state=state))) as url:
            yield url

    def asks(self, quorum: str, **urls: str) -> None:
        """Set the policy: a group `all` of these witnesses, and what the quorum is."""
        lines = [f"witness {n} {key_of(n).public.to_text()} {url}" for n, url in urls.items()]
        text = "\n".join([*lines, f"group all all {' '.join(urls)}", f"quorum {quorum}"])
        self.services = replace(self.services, witness_policy=WitnessPolicy.parse(text))

    def served(self) -> str:
        with self.services.reading() as uow:
            return cosigned_checkpoint(uow, policy=self.services.witness_policy) or ""

    def served_size(self) -> int:
        own = VerifierKey.parse(self.services.log_key.verifier)
        return open_checkpoint(self.served(), [own], origin=own.name).size

    def health(self) -> dict[str, WitnessHealth]:
        with self.services.reading() as uow:
            return {one.name: one for one in witness_health(uow, self.services.witness_policy)}


def key_of(name: str) -> CosigningKey:
    kind = CosignatureKind.ML_DSA_44 if name.startswith("pq") else CosignatureKind.ED25519
    return CosigningKey(f"{name}.example/w", kind, name.encode().ljust(32))


@pytest.fixture
def log(services: Services, tmp_path: Path) -> Witnessed:  # noqa: F811
    return Witnessed(services, tmp_path)


@pytest.fixture
def nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def never_answers() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_every_witness_cosigns_the_checkpoint_that_is_served(log: Witnessed):
    with log.witness("one") as one, log.witness("pq") as pq:
        log.asks("all", one=one, pq=f"{pq}/")
        log.grow(3)
        ask_witnesses(log.services)
        log.grow(2)
        ask_witnesses(log.services)

    keys = [key_of("one").public, key_of("pq").public]
    assert len(open_note(log.served(), keys).signatures) == 2
    assert [one.size for one in log.health().values()] == [5, 5]
    assert all(one.cosigned_at and not one.problem for one in log.health().values())


def test_a_witness_that_is_down_delays_nothing_but_its_own_cosignature(
    log: Witnessed, nobody_listens: str, never_answers: str
):
    stop = Event()
    with log.witness("good") as good:
        log.asks("good", down=nobody_listens, hangs=never_answers, good=good)
        witness_threads(log.services, stop=stop)
        started = time.monotonic()
        log.grow()
        sealed_in = time.monotonic() - started
        while log.health()["good"].size < 1 and time.monotonic() - started < 20:
            time.sleep(0.05)
        cosigned_in = time.monotonic() - started
        while not log.health()["down"].problem and time.monotonic() - started < 20:
            time.sleep(0.05)
        stop.set()

    assert sealed_in < witness_asking.TIMEOUT_SECONDS
    assert cosigned_in < witness_asking.TIMEOUT_SECONDS + witness_asking.EVERY_SECONDS
    assert log.served_size() == 1
    assert "does not answer" in log.health()["down"].problem
    assert log.health()["hangs"].size == 0


def test_a_witness_that_comes_back_gets_the_proof_from_where_it_stood(
    log: Witnessed, nobody_listens: str
):
    with log.witness("one") as url:
        log.asks("one", one=url)
        log.grow(3)
        ask_witnesses(log.services)
    log.asks("one", one=nobody_listens)
    log.grow(300)
    ask_witnesses(log.services)
    assert (log.served_size(), log.health()["one"].size) == (3, 3)

    with log.witness("one") as url:
        log.asks("one", one=url)
        ask_witnesses(log.services)

    assert (log.served_size(), log.health()["one"].problem) == (303, "")


def test_an_answer_that_was_lost_is_asked_for_again(log: Witnessed):
    with log.witness("one") as url:
        log.asks("one", one=url)
        log.grow(3)
        ask_witnesses(log.services)
        with log.services.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM audit_cosignature"))
        ask_witnesses(log.services)
        assert log.served_size() == log.health()["one"].size == 3

        with log.services.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM audit_cosignature"))
        log.grow(2)
        ask_witnesses(log.services)
        assert log.served_size() == log.health()["one"].size == 5


def test_a_log_that_was_taken_back_is_told_so_by_its_witness(log: Witnessed):
    with log.witness("one") as url:
        log.asks("one", one=url)
        log.grow(3)
        database = Path(log.services.settings.database_url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(database)) as live:
            live.execute("VACUUM INTO ?", (str(log.folder / "backup.sqlite"),))
        log.grow(2)
        ask_witnesses(log.services)
        assert log.health()["one"].size == 5

        log.services.engine.dispose()
        for leftover in (f"{database}-wal", f"{database}-shm"):
            Path(leftover).unlink(missing_ok=True)
        (log.folder / "backup.sqlite").replace(database)
        ask_witnesses(log.services)

    assert "size 5, and here its size is 3" in log.health()["one"].problem


def test_a_cosignature_by_another_key_is_not_kept(log: Witnessed):
    with log.witness("impostor") as url:
        log.asks("one", one=url)
        log.grow()
        ask_witnesses(log.services)

    assert log.health()["one"].size == 0
    assert "no cosignature by the key" in log.health()["one"].problem


@pytest.mark.parametrize("status", ["200 OK", "500 Broken", "409 Conflict"])
def test_an_answer_that_is_no_cosignature_is_not_kept(log: Witnessed, status: str):
    key = key_of("one").public
    forged = Signature(key.name, key.key_id, bytes(72)).to_line().encode()

    def answer(_environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        start(status, [("Content-Length", str(len(forged)))])
        return [forged]

    with serving(answer) as url:
        log.asks("one", one=url)
        log.grow()
        ask_witnesses(log.services)

    assert log.health()["one"].size == 0
    assert log.health()["one"].problem
    assert log.served_size() == 1


def test_a_witness_that_does_not_know_the_log_is_quoted(log: Witnessed):
    with log.witness("one") as url:
        (log.folder / "logs.txt").write_text("quorum none\n")
        files = WitnessFiles(
            keys=[log.folder / "one.key"],
            logs=log.folder / "logs.txt",
            state=log.folder / "strange.sqlite",
        )
        with serving(witness_app(files)) as strange:
            log.asks("all", one=strange, two=f"{url}/nowhere")
            log.grow()
            ask_witnesses(log.services)

    assert log.health()["one"].problem.startswith("It answers 404: This witness does not watch")
    assert log.health()["two"].problem.startswith("It answers 404")


def test_witnesses_of_one_quorum_cosign_the_same_checkpoint(log: Witnessed, nobody_listens: str):
    with log.witness("one") as one, log.witness("two") as two:
        log.asks("all", one=one, two=nobody_listens)
        log.grow()
        ask_witnesses(log.services)
        log.grow()
        ask_witnesses(log.services)  # the first waits for the other
        assert (log.health()["one"].size, log.served_size()) == (1, 2)

        log.asks("all", one=one, two=two)
        ask_witnesses(log.services)  # the other is asked for what the first has cosigned
        assert [one.size for one in log.health().values()] == [1, 1]
        assert log.served_size() == 1

        log.asks("all", one=one, two=nobody_listens)
        log.grow()
        with clock.moved_to(clock.now() + PATIENCE + timedelta(seconds=1)):
            first = log.services.witness_policy.witnesses[0]
            ask_witness(log.services, first)
        assert log.health()["one"].size == 3


def test_a_receipt_holds_the_cosigned_checkpoint_where_there_is_one(log: Witnessed):
    with log.witness("one") as url:
        log.asks("one", one=url)
        log.grow(3)
        ask_witnesses(log.services)
    log.grow(2)
    own, policy = VerifierKey.parse(log.services.log_key.verifier), log.services.witness_policy

    with log.services.reading() as uow:
        sealed = uow.session.exec(select(Entry).order_by(col(Entry.leaf_index))).all()
        texts = [receipt_of(uow, entry_id=one.id, policy=policy)["tlog_proof"] for one in sealed]

    files = [ProofFile.parse(str(text)) for text in texts]
    sizes = [
        file.verify(leaf=entry.leaf_hash, origin=own.name, verifiers=[own]).size
        for file, entry in zip(files, sealed, strict=True)
    ]
    assert sizes == [3, 3, 3, 5, 5]
    open_note(files[0].note, [key_of("one").public])


@pytest.mark.parametrize("text", ["quorum x", "witness a b\nquorum none", None, "", "\xff"])
def test_a_policy_file_that_cannot_be_followed_stops_the_start(tmp_path: Path, text: str | None):
    path = tmp_path / "policy.txt"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError):
        load_policy(path)


def test_a_witness_is_asked_over_http_only(tmp_path: Path):
    path = tmp_path / "policy.txt"
    path.write_text(f"witness a {key_of('a').public.to_text()} file:///etc/passwd\nquorum none\n")
    with pytest.raises(ConfigurationError, match="no address"):
        load_policy(path)
