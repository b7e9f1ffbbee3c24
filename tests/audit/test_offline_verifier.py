"""What the stand-alone verifier says of exports: honest ones, tampered ones, hostile ones."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, func, select

from audit import searching
from audit.actions import Action
from audit.cosigning import CosignatureKind, CosigningKey
from audit.export_claims import FinishedReport
from audit.export_files import FolderSink, zip_sink
from audit.exporting import ExportRange, export_log
from audit.merkle import leaf_hash
from audit.models import Entry, SignedCheckpoint
from audit.notes import Note
from audit.promises import promise_of
from audit.recording import record
from audit.verdicts import Claim
from audit.witnessing import keep_cosignature
from folkmoot.kernel.actor import Actor
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.unit_of_work import UnitOfWork, reading, unit_of_work

PLACE = Path(__file__).parents[2] / "audit" / "offline" / "verify.py"
NOW = 1_795_000_000
ODILE, NOISE, LATE = (Actor(new_id(), name) for name in ("Odile", "Ada", "Late"))


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    """The verifier, imported by its path as whoever carried it away does."""
    spec = importlib.util.spec_from_file_location("carried_away", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["carried_away"] = module
    spec.loader.exec_module(module)
    return module


class PolicyClaims:
    """Claims made of the entries themselves, but for one row that somebody edited."""

    name = "PolicyClaims"
    actions = frozenset({Action.POLICY_SET})
    edited: UUID | None = None
    left_out: UUID | None = None

    def claims(self, uow: UnitOfWork) -> Iterator[Claim]:
        there = select(Entry).where(Entry.envelope != b"", col(Entry.action).in_(self.actions))
        for entry in uow.session.exec(there.order_by(col(Entry.id))):
            if entry.id != self.left_out:
                told = json.loads(entry.envelope)
                facts = {"hold_below": 0.1} if entry.id == self.edited else told["facts"]
                yield Claim(entry.id, "policy", entry.subject_id, facts, {})


class Auditor:
    """Exports a log, and checks the export with nothing but the verifier and the key."""

    def __init__(self, log, verifier: ModuleType, folder: Path) -> None:
        self.log, self.verifier, self.folder = log, verifier, folder
        self.claims = PolicyClaims()
        self.finished: list[FinishedReport] = []
        self.witnesses: list[CosigningKey] = []

    def export(self, name: str = "export", **wanted: object) -> Path:
        path = self.folder / name
        path.mkdir()
        self._export(FolderSink(path), **wanted)
        return path

    def zip(self, name: str = "export.zip", **wanted: object) -> Path:
        with zip_sink(self.folder / name) as sink:
            self._export(sink, **wanted)
        return self.folder / name

    def _export(self, sink, size: int | None = None, **wanted: object) -> None:
        with reading(self.log.engine) as uow:
            export_log(
                uow,
                sink,
                origin=self.log.key.origin,
                wanted=ExportRange(**wanted),
                size=size,
                claims=[self.claims],
                reports=[self],
            )

    def reports(self, _uow: UnitOfWork) -> Iterator[FinishedReport]:
        yield from self.finished

    def check(self, path: Path | None, *, quorum: int | None = None, **files: object):
        log = (self.verifier.Key.parse(self.log.key.verifier, [1]),)
        witnesses = tuple(
            self.verifier.Key.parse(one.public.to_text(), [4, 6]) for one in self.witnesses
        )
        trust = self.verifier.Trust(log, witnesses, len(witnesses) if quorum is None else quorum)
        return self.verifier.verify(path, trust=trust, **files)

    def kept(self, name: str = "kept.txt", *, size: int = 7) -> Path:
        """Keep a checkpoint where nobody can change it."""
        with reading(self.log.engine) as uow:
            signed = uow.session.get_one(SignedCheckpoint, size)
        (self.folder / name).write_text(signed.note)
        return self.folder / name

    def receipt(self, entry_id: UUID, name: str = "receipt.json") -> Path:
        with reading(self.log.engine) as uow:
            found = searching.receipt_of(uow, entry_id=entry_id)
        (self.folder / name).write_text(json.dumps(found))
        return self.folder / name

    def witness(self, kind: CosignatureKind, name: str) -> None:
        """Let a new witness cosign the newest checkpoint."""
        key = CosigningKey.generate(name, kind)
        self.witnesses.append(key)
        text = Note.parse(self.log.checkpoint()).text
        with unit_of_work(self.log.engine) as uow:
            size = uow.session.exec(select(func.count(col(Entry.leaf_index)))).one()
            line = key.cosign(text, timestamp=NOW)
            keep_cosignature(uow, size=size, key=key.public, signature=line)


@pytest.fixture
def auditor(log, verifier: ModuleType, tmp_path: Path) -> Auditor:
    """A log of seven entries in two checkpoints, by two actors, with texts."""
    for number in range(5):
        log.record(NOISE if number % 2 else ODILE, reason=f"Reason {number}.")
    log.seal()
    log.record(LATE, reason="Later.")
    log.record(LATE)
    log.seal()
    return Auditor(log, verifier, tmp_path)


def test_an_honest_export_is_sound_and_says_what_it_does_not_prove(auditor: Auditor) -> None:
    verdict = auditor.check(auditor.export())

    assert verdict.wrong == []
    assert any("rewritten as a whole" in one for one in verdict.unproven)
    assert any("6 disclosed texts" in one for one in verdict.proven)
    assert any("7 business rows" in one for one in verdict.proven)


def test_a_zip_file_is_read_without_unpacking_it(auditor: Auditor) -> None:
    assert auditor.check(auditor.zip(), checkpoints=[auditor.kept()]).is_sound


@pytest.mark.parametrize("part", [(0, 3), (2, 6), (3, 3), (5, 7), (6, 7)])
def test_a_part_of_the_log_is_proven_to_lie_in_the_whole(auditor: Auditor, part) -> None:
    early = auditor.kept("early.txt", size=5)
    path = auditor.export(first=part[0], end=part[1], kept=[5])

    verdict = auditor.check(path, checkpoints=[early, auditor.kept()])

    assert verdict.wrong == []


def test_a_part_without_a_proof_from_an_older_checkpoint_is_not_enough(auditor: Auditor) -> None:
    early = auditor.kept("early.txt", size=5)

    (problem,) = auditor.check(auditor.export(first=6), checkpoints=[early]).wrong

    assert "no proof that the log grew from the size 5" in problem.sentence


def test_entries_that_wait_are_exported_and_counted(auditor: Auditor) -> None:
    auditor.log.record(reason="Not sealed yet.")

    verdict = auditor.check(auditor.export(), checkpoints=[auditor.kept()])

    assert verdict.is_sound
    assert any("1 entries wait" in one for one in verdict.questions)


def test_without_texts_rows_are_still_compared(auditor: Auditor) -> None:
    path = auditor.export(has_texts=False)

    assert "Reason" not in (path / "entries.jsonl").read_text()
    assert auditor.check(path).is_sound


@pytest.mark.parametrize("kind", list(CosignatureKind))
def test_a_witness_is_believed_by_its_own_signature(auditor: Auditor, kind) -> None:
    auditor.witness(kind, "first.example")
    auditor.witness(CosignatureKind.ED25519, "second.example")
    path = auditor.export()

    assert any("2 of 2 witnesses" in one for one in auditor.check(path).proven)
    auditor.witnesses[0] = CosigningKey.generate("first.example", kind)
    assert "cosigned by 1 of the witnesses" in auditor.check(path).wrong[0].sentence
    assert auditor.check(path, quorum=1).is_sound


def test_a_receipt_is_proven_alone_and_held_against_the_export(auditor: Auditor) -> None:
    receipt = auditor.receipt(_entry_at(auditor, 3))

    assert auditor.check(None, receipts=[receipt]).is_sound
    verdict = auditor.check(auditor.export(), receipts=[receipt])
    assert "receipt.json: its entry is in the log, at 3." in verdict.proven


def test_a_tlog_proof_is_held_against_the_export(auditor: Auditor) -> None:
    with reading(auditor.log.engine) as uow:
        found = searching.receipt_of(uow, entry_id=_entry_at(auditor, 2))
    proof = auditor.folder / "two.tlog-proof"
    proof.write_text(str(found["tlog_proof"]))

    assert "two.tlog-proof: its entry is in the log, at 2." in (
        auditor.check(auditor.export(), receipts=[proof]).proven
    )
    proof.write_text(proof.read_text().replace("index 2", "index 3"))
    assert auditor.check(auditor.export("again"), receipts=[proof]).first_bad == (3, 3)


def test_entries_that_no_witness_has_seen_wait_beside_the_witnessed_log(auditor: Auditor) -> None:
    auditor.witness(CosignatureKind.ML_DSA_44, "first.example")
    receipt = auditor.receipt(_entry_at(auditor, 6))
    auditor.log.record(NOISE)
    auditor.log.seal()
    newest = auditor.kept("newest.txt", size=8)

    verdict = auditor.check(auditor.export(size=7), receipts=[receipt], checkpoints=[newest])

    assert verdict.wrong == []
    assert any("1 of 1 witnesses have seen the log at size 7" in one for one in verdict.proven)


def _entry_at(auditor: Auditor, index: int) -> UUID:
    with reading(auditor.log.engine) as uow:
        return uow.session.exec(select(Entry.id).where(Entry.leaf_index == index)).one()


# Tampering with the database by somebody without keys; `folkmoot bench tamper` does the rest.


def test_an_edited_entry_is_named(auditor: Auditor) -> None:
    with unit_of_work(auditor.log.engine) as uow:
        entry = uow.session.exec(select(Entry).where(Entry.leaf_index == 4)).one()
        entry.envelope = entry.envelope.replace(b"0.75", b"0.05")

    verdict = auditor.check(auditor.export())

    assert verdict.first_bad == (4, 4)


def test_an_edited_row_and_a_deleted_row_name_their_entries(auditor: Auditor) -> None:
    auditor.claims.edited, auditor.claims.left_out = (_entry_at(auditor, one) for one in (2, 5))

    named = [one.first for one in auditor.check(auditor.export()).wrong]

    assert named == [2, 5]


def test_a_log_that_was_cut_off_names_the_first_entry_that_is_gone(auditor: Auditor) -> None:
    kept = auditor.kept()
    auditor.log.truncate(5)

    verdict = auditor.check(auditor.export(), checkpoints=[kept])

    assert verdict.first_bad == (5, 5)


def test_a_deleted_entry_is_missing(auditor: Auditor) -> None:
    auditor.log.forget_texts(3)
    auditor.log.tamper("DELETE FROM audit_entry WHERE leaf_index = 3")

    verdict = auditor.check(auditor.export())

    assert verdict.first_bad == (3, 3)
    assert any("entries are missing" in one.sentence for one in verdict.wrong)


def test_a_text_that_is_gone_without_an_erasure_is_named(auditor: Auditor) -> None:
    auditor.log.forget_texts(1)

    assert auditor.check(auditor.export()).first_bad == (1, 1)


def test_a_log_that_was_sealed_anew_lacks_what_the_receipt_proves(auditor: Auditor) -> None:
    receipt = auditor.receipt(_entry_at(auditor, 6))
    auditor.log.rewrite(5)
    auditor.log.seal()

    verdict = auditor.check(auditor.export(), receipts=[receipt])

    assert any("differs from what receipt.json promised" in one.sentence for one in verdict.wrong)
    assert verdict.first_bad is not None


def test_no_retention_speaks_for_entries_that_come_after_it(auditor: Auditor) -> None:
    log = auditor.log
    over: JsonObject = {"n_texts": 0, "texts_digest": sha256(b"").hexdigest()}
    with unit_of_work(log.engine) as uow:
        record(
            uow,
            ODILE,
            Action.RETENTION_APPLIED,
            subject_type="retention",
            subject_id=new_id(),
            facts={**over, "expired": [[8, 2**40]]},
        )
    log.record(NOISE)
    log.seal()
    log.tamper("UPDATE audit_entry SET envelope = :nothing WHERE leaf_index = 8", nothing=b"")

    assert {one.first for one in auditor.check(auditor.export()).wrong} == {7, 8}
    assert {one.leaf_index for one in log.verify().findings} == {8}


# Hostile exports. None may end in a traceback, and none may pass.


def edit(path: Path, name: str, change: Callable[[str], str]) -> None:
    text = (path / name).read_text()
    (path / name).write_text(change(text))


def _first_line(change: Callable[[dict], object]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        first, rest = text.split("\n", 1)
        told = json.loads(first)
        changed = change(told)
        return json.dumps(changed if changed is not None else told) + "\n" + rest

    return changed


def _with_key_twice(text: str) -> str:
    return text.replace('"index":0,', '"index":0,"index":0,', 1)


# In UTC it would be in the year 0.
EARLIEST = '"exported_at": "0001-01-01T00:00:00+14:00"'
HOSTILE: dict[str, tuple[str, Callable[[str], str]]] = {
    "not JSON": ("entries.jsonl", lambda text: "{" + text),
    "a list": ("entries.jsonl", lambda text: "[]\n" + text),
    "deeply nested": ("entries.jsonl", lambda text: "[" * 100_000 + "\n" + text),
    "a huge number": ("entries.jsonl", lambda text: text.replace('"index":0', '"index":1e999', 1)),
    "many digits": ("entries.jsonl", lambda text: text.replace(":0", ":" + "9" * 9999, 1)),
    "a key twice": ("entries.jsonl", _with_key_twice),
    "NaN": ("counters.jsonl", lambda text: text.replace(":3", ":NaN", 1)),
    "an index of text": ("entries.jsonl", _first_line(lambda one: one.update(index="0"))),
    "a negative index": ("entries.jsonl", _first_line(lambda one: one.update(index=-1))),
    "an index that is true": ("entries.jsonl", _first_line(lambda one: one.update(index=True))),
    "spaces": (
        "entries.jsonl",
        _first_line(lambda one: one.update(envelope=one["envelope"].replace(":", ": "))),
    ),
    "half a surrogate": (
        "entries.jsonl",
        _first_line(lambda one: one.update(envelope=one["envelope"] + "\ud800")),
    ),
    "a list for texts": ("entries.jsonl", _first_line(lambda one: one.update(disclosures=[1]))),
    "a short salt": (
        "entries.jsonl",
        _first_line(lambda one: one["disclosures"]["reason"].update(salt="ab")),
    ),
    "a missing line": ("entries.jsonl", lambda text: text.split("\n", 1)[1]),
    "an endless line": ("entries.jsonl", lambda text: "x" * 9_000_000 + text),
    "another note": ("checkpoints.jsonl", _first_line(lambda one: one.update(note="x\n\n— y z\n"))),
    "no note": ("checkpoints.jsonl", _first_line(lambda one: one.update(note=7))),
    "no checkpoint": ("checkpoints.jsonl", lambda _text: ""),
    "a row without an entry": (
        "claims.jsonl",
        _first_line(lambda one: one.update(entry=str(new_id()))),
    ),
    "a row with another source": ("claims.jsonl", _first_line(lambda one: one.update(source="x"))),
    "no rows": ("claims.jsonl", lambda _text: ""),
    "other counters": ("counters.jsonl", lambda _text: ""),
    "another account": ("account.json", lambda text: text.replace("policy.set", "policy.get")),
    "another format": ("manifest.json", lambda text: text.replace('"version": 1', '"version": 2')),
    "another size": ("manifest.json", lambda text: text.replace('"size": 7', '"size": 8')),
    "a size too large": ("manifest.json", lambda text: text.replace('"size": 7', '"size": 1e30')),
    "no manifest": ("manifest.json", lambda _text: ""),
    "a time before all times": (
        "manifest.json",
        lambda text: re.sub(r'"exported_at": "[^"]*"', EARLIEST, text),
    ),
    "another origin": ("manifest.json", lambda text: text.replace("test.example", "x.example")),
}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_hostile_export_passes_or_breaks_the_verifier(auditor: Auditor) -> None:
    quiet = []
    for number, (name, (file, change)) in enumerate(HOSTILE.items()):
        path = auditor.export(f"export-{number}")
        edit(path, file, change)
        verdict = auditor.check(path)
        auditor.verifier.page(verdict)
        if verdict.is_sound:
            quiet.append(name)
    assert quiet == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_pipe_link_or_bomb_is_followed(auditor: Auditor) -> None:
    path = auditor.export()
    (path / "entries.jsonl").unlink()
    os.mkfifo(path / "entries.jsonl")
    (path / "claims.jsonl").unlink()
    (path / "claims.jsonl").symlink_to("/dev/zero")
    bomb = auditor.folder / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../manifest.json", "{}")
        archive.writestr("manifest.json", b" " * 200_000_000)
    (auditor.folder / "torn.zip").write_bytes(auditor.zip().read_bytes()[:-30])
    with zipfile.ZipFile(auditor.folder / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("manifest.json", json.dumps(list(range(1000))))
    damaged = bytearray((auditor.folder / "lzma.zip").read_bytes())
    damaged[80:300] = bytes(one ^ 0x5A for one in damaged[80:300])
    (auditor.folder / "lzma.zip").write_bytes(damaged)

    said = [one.sentence for one in auditor.check(path).wrong]

    assert "The entries of the export cannot be checked: entries.jsonl is no plain file." in said
    assert "The business rows of the export cannot be checked: claims.jsonl is no plain file." in (
        said
    )
    for name in ("bomb.zip", "torn.zip", "lzma.zip", "gone.zip"):
        assert not auditor.check(auditor.folder / name).is_sound


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_program_alone_prints_a_page_and_ends_with_a_status(auditor: Auditor) -> None:
    path, kept = auditor.export(), auditor.kept()
    lone = auditor.folder / "verify.py"
    lone.write_bytes(PLACE.read_bytes())

    def run(*arguments: object) -> tuple[int, str]:
        command = [sys.executable, "-I", lone, *arguments]
        done = subprocess.run(command, cwd=auditor.folder, capture_output=True, check=False)
        assert b"Traceback" not in done.stderr
        return done.returncode, done.stdout.decode()

    key = auditor.log.key.verifier
    status, page = run(path, "--key", key, "--checkpoint", kept)
    assert (status, "NOTHING IS WRONG" in page) == (0, True)
    assert "Not proven by this" in page
    edit(path, "entries.jsonl", lambda text: text.replace("Reason 2", "Reason two"))
    status, page = run(path, "--key", key)
    assert (status, "The first bad entry is 2." in page) == (1, True)
    assert run(path, "--key", "nonsense")[0] == 2
    assert run(path)[0] == 2
    assert run("nowhere", "--key", key)[0] == 1


# Its own canonical JSON, against the library that the log is written with.

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_its_canonical_form_is_that_of_the_library(verifier: ModuleType, value) -> None:
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(verifier.Unusable):
            verifier.canonical(value)
        return
    assert verifier.canonical(value) == expected
    assert verifier.canonical(verifier.read_json(expected.decode())) == expected


def test_a_promise_given_at_the_commit_is_kept_or_broken(auditor: Auditor) -> None:
    promises = {}
    for name in ("kept.json", "broken.json"):
        entry = auditor.log.record(reason="An override.")
        with reading(auditor.log.engine) as uow:
            promise = promise_of(uow, auditor.log.key, entry_id=entry.id)
        (auditor.folder / name).write_text(json.dumps({"receipt": {"promise": promise.promise}}))
        promises[name] = entry.id
    with unit_of_work(auditor.log.engine) as uow:
        forged = uow.session.get_one(Entry, promises["broken.json"])
        forged.envelope = forged.envelope.replace(b"0.75", b"0.05")
        forged.leaf_hash = leaf_hash(forged.envelope)
    auditor.log.seal()

    verdict = auditor.check(auditor.export(), receipts=[auditor.folder / name for name in promises])

    assert "kept.json: its entry is in the log, at 7." in verdict.proven
    assert [one.to_text() for one in verdict.wrong] == [
        "entry 8: Its place is taken by an entry that differs from what broken.json promised, "
        "or it was removed."
    ]
