"""A witness over real HTTP: its exact answers, one history only, nothing said before it is kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audit.cosigning import CosignatureKind, CosigningKey, cosigned_at
from audit.merkle import root_of
from audit.notes import Checkpoint, Note, open_note
from audit.signing_keys import SigningKey
from audit.witness import Witness
from audit.witness_app import MOST_BYTES, WitnessApp
from audit.witness_store import WitnessStore

from .witness_server import ORIGIN, HandLog, send, serving

KEYS = [CosigningKey.generate("witness.example/1", kind) for kind in CosignatureKind]
NOW = 1_700_000_000
STRANGER = SigningKey.generate(ORIGIN)


def witness_over(path: Path, log: HandLog, *, now: int = NOW) -> WitnessApp:
    store = WitnessStore(path)
    logs = [log.key.verifier]
    return WitnessApp(Witness(keys=KEYS, logs=logs, store=store, now=lambda: now))


@pytest.fixture
def log() -> HandLog:
    return HandLog()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "witness.sqlite"


@pytest.fixture
def url(state: Path, log: HandLog) -> Iterator[str]:
    with serving(witness_over(state, log)) as url:
        yield url


def test_a_log_that_grew_is_cosigned_by_every_key(url: str, log: HandLog):
    for old_size, size in [(0, 0), (0, 5), (5, 5), (5, 300), (300, 1000)]:
        body = log.asks(old_size, size)
        answer = send(url, body)

        assert (answer.status, answer.text.count("\n")) == (200, 2)
        note = body.decode().partition("\n\n")[2] + answer.text
        opened = open_note(note, [key.public for key in KEYS])
        assert [cosigned_at(one.value) for one in opened.signatures] == [NOW, NOW]


def test_another_old_size_is_answered_with_the_size_that_was_cosigned(url: str, log: HandLog):
    unseen = send(url, log.asks(3, 5))
    assert (unseen.status, unseen.content_type, unseen.text) == (409, "text/x.tlog.size", "0\n")

    send(url, log.asks(0, 5))
    for old_size in (0, 4):
        stale = send(url, log.asks(old_size, 9))
        assert (stale.status, stale.content_type, stale.text) == (409, "text/x.tlog.size", "5\n")


def test_another_root_of_the_same_size_is_a_conflict_and_kept_as_evidence(
    url: str, log: HandLog, state: Path
):
    send(url, log.asks(0, 5))
    forged = log.asks(5, 5, forked_at=3)

    assert send(url, forged).status == 409

    assert [one.request for one in WitnessStore(state).evidence()] == [forged]
    assert send(url, log.asks(5, 6)).status == 200


@pytest.mark.parametrize("forked_at", [0, 4])
def test_a_log_that_did_not_only_grow_is_not_cosigned(
    url: str, log: HandLog, state: Path, forked_at: int
):
    send(url, log.asks(0, 5))

    assert send(url, log.asks(5, 9, forked_at=forked_at)).status == 422

    assert [one.origin for one in WitnessStore(state).evidence()] == [ORIGIN]
    assert "\n5\n" in WitnessStore(state).notes()[0]


@pytest.mark.parametrize("proof", [[], [bytes(32)], [bytes(32)] * 63])
def test_a_proof_that_does_not_fit_is_not_cosigned(url: str, log: HandLog, proof: list[bytes]):
    send(url, log.asks(0, 5))
    assert send(url, log.asks(5, 9, proof=proof)).status == 422


@pytest.mark.parametrize("size", [5, 0])
def test_a_first_checkpoint_needs_no_proof_and_has_none(url: str, log: HandLog, size: int):
    assert send(url, log.asks(0, size, proof=[bytes(32)])).status == 422
    assert send(url, log.asks(0, size)).status == 200


def test_a_log_that_is_not_known_is_not_found(url: str, log: HandLog):
    assert send(url, log.asks(0, 5, origin="log.example/unknown")).status == 404


def test_a_checkpoint_that_no_known_key_signed_is_forbidden(url: str, log: HandLog):
    body = log.asks(0, 5)
    damaged = body.replace(b"\n5\n", b"\n6\n")

    assert send(url, log.asks(0, 5, key=STRANGER)).status == 403
    assert send(url, damaged).status == 403
    assert send(url, body).status == 200


def test_signatures_of_strangers_are_passed_over(url: str, log: HandLog):
    note = Checkpoint(ORIGIN, 5, root_of(log.leaves(5))).sign(STRANGER, log.key)
    assert send(url, f"old 0\n\n{note}".encode()).status == 200


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("old 0", "old 00"), ("old 0", "old -1"), ("old 0", "old 0x1"), ("old 0", "old 6"),
        ("old 0", "old"), ("old 0", "OLD 0"), ("old 0", "old 0 "), ("old 0", "old 9" + "9" * 18),
        ("old 0", "old 0\nAAAA"), ("old 0", "old 0\n!"), ("old 0", "old 0" + "\nA" * 64),
        ("old 0\n", ""), ("\n\n", "\n"), ("\n5\n", "\n05\n"), ("\n5\n", "\n" + "9" * 19 + "\n"),
        ("\n\N{EM DASH}", "\n-"), ("=\n\n", "\n\n"), ("old 0", "old 0\r"), ("old 0", "old ٠"),
    ],
)  # fmt: skip
def test_a_malformed_request_is_refused(url: str, log: HandLog, good: str, bad: str):
    text = log.asks(0, 5).decode()
    assert good in text

    assert send(url, text.replace(good, bad, 1).encode()).status == 400
    assert send(url, text.encode()).status == 200


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"\x00" * 100, b"old 0\n\n" * 40_000])
def test_what_is_no_request_at_all_is_refused(url: str, body: bytes):
    assert send(url, body).status == 400


def test_a_body_without_end_is_refused(url: str, log: HandLog):
    assert send(url, log.asks(0, 5) + b"x" * MOST_BYTES).status == 400


def test_other_addresses_and_methods_are_not_served(url: str):
    assert send(url, b"", path="/").status == 404
    assert send(url, b"", method="GET").status == 405
    assert send(url, b"", method="GET", path="/healthz").status == 200


def test_of_two_histories_asked_at_once_only_one_is_ever_cosigned(url: str, log: HandLog):
    send(url, log.asks(0, 8))
    forks = [log.asks(8, 8 + n, forked_at=at) for n in range(1, 5) for at in (None, 8)] * 2

    with ThreadPoolExecutor(len(forks)) as pool:
        answers = list(pool.map(lambda body: (body, send(url, body)), forks))

    cosigned = {body for body, answer in answers if answer.status == 200}
    assert len(cosigned) == 1
    assert {answer.status for _, answer in answers} == {200, 409}


def test_processes_that_share_a_file_are_one_witness(state: Path, log: HandLog):
    with serving(witness_over(state, log)) as one, serving(witness_over(state, log)) as other:
        send(one, log.asks(0, 4))
        bodies = [log.asks(4, 6), log.asks(4, 6, forked_at=4)] * 4
        with ThreadPoolExecutor(8) as pool:
            asked = pool.map(lambda n: send((one, other)[n % 2], bodies[n // 2 % 2]), range(8))
            statuses = [answer.status for answer in asked]

    assert statuses.count(200) == 1


def test_a_clock_that_was_set_back_makes_no_earlier_statement(state: Path, log: HandLog):
    with serving(witness_over(state, log)) as url:
        send(url, log.asks(0, 4))
    with serving(witness_over(state, log, now=NOW - 3600)) as url:
        answer = send(url, log.asks(4, 6))

    note = Note.parse(log.asks(4, 6).decode().partition("\n\n")[2] + answer.text)
    assert cosigned_at(note.signatures[-1].value) == NOW


KILLED_BEFORE_THE_REPLY = """
import os, signal, sys
from pathlib import Path
from audit.cosigning import CosigningKey
from audit.signing_keys import VerifierKey
from audit.witness import Witness
from audit.witness_store import WitnessStore

witness = Witness(
    keys=[CosigningKey.parse(sys.argv[1])],
    logs=[VerifierKey.parse(sys.argv[2])],
    store=WitnessStore(Path(sys.argv[3])),
    now=lambda: 7,
)
witness.add_checkpoint(sys.stdin.buffer.read())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_kept_before_a_kill_still_binds_the_witness(state: Path, log: HandLog):
    arguments = [KEYS[0].to_text(), log.key.verifier.to_text(), str(state)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_THE_REPLY, *arguments],
        input=log.asks(0, 5),
        env=os.environ,
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL

    with serving(witness_over(state, log)) as url:
        assert send(url, log.asks(0, 5, forked_at=2)).text == "5\n"
        assert send(url, log.asks(5, 9, forked_at=2)).status == 422
        assert send(url, log.asks(5, 5)).status == 200  # the answer that was lost
