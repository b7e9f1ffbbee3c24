"""`folkmoot bench erase`: erase people, and search for them in everything that is left.

Texts are made by the real services (`folkmoot.bench.erase_people`). Receipts and a report are taken
before; after the erasure every file is searched byte by byte, and who was erased is looked for by
a dictionary of all values that anybody ever had.
"""

import hmac
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import click
from sqlmodel import select

from audit import commitments
from audit.canonical import digest
from audit.commitments import SALT_BYTES, CommitmentMismatch
from audit.disclosing import disclosed_fields
from audit.erasing import tables_of
from audit.erasure import LegalBasis, erase
from audit.export_files import FolderSink
from audit.exporting import ExportRange, export_log
from audit.merkle import InclusionProof, MerkleError, leaf_hash, verify_inclusion
from audit.models import Disclosure, Entry, SubjectKey
from audit.notes import open_checkpoint
from audit.searching import receipt_of
from audit.signing_keys import from_base64
from audit.tile_publishing import publish_log
from audit.verification import verify_log
from folkmoot.bench.databases import KINDS
from folkmoot.bench.erase_people import Maker, People
from folkmoot.bench.measure import Figure
from folkmoot.bench.options import db_option
from folkmoot.bootstrap import ERASABLES, Services, bootstrap
from folkmoot.jobs.audit_jobs import CLAIMS, seal
from folkmoot.kernel.actor import PLATFORM
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.scrubbing import scrub_database
from folkmoot.kernel.settings import Settings
from folkmoot.runtime.postgres import TemporaryPostgres
from governance.models import Report


@click.option("--subjects", "n_subjects", type=click.IntRange(min=20), default=200)
@db_option
def run(*, n_subjects: int, kinds: Sequence[str] = KINDS) -> Iterator[Figure]:
    """Erase people in each kind of database."""
    for kind in kinds:
        with ExitStack() as stack:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="folkmoot-bench-"))
            )
            house = _House.open(stack, kind, folder)
            for figure in _measured(house, n_subjects):
                yield Figure(
                    f"{kind}: {figure.name}",
                    figure.value,
                    figure.unit,
                    at_most=figure.at_most,
                    at_least=figure.at_least,
                )


@dataclass(frozen=True)
class _House:
    """Services on a fresh database, and where that database keeps its files."""

    services: Services
    folder: Path
    database_files: Path
    log_files: Path | None

    @classmethod
    def open(cls, stack: ExitStack, kind: str, folder: Path) -> "_House":
        url, files, log_files = f"sqlite:///{folder / 'bench.sqlite'}", folder, None
        if kind == "postgres":
            server = stack.enter_context(TemporaryPostgres())
            url = server.create_database("bench")
            files, log_files = server.folder / "data" / "base", server.folder / "data" / "pg_wal"
        services = bootstrap(Settings(data_dir=folder, database_url=url, queue_url=""))
        stack.callback(services.engine.dispose)
        upgrade_database(services.engine)
        return cls(services, folder, files, log_files)


def _measured(house: _House, n_subjects: int) -> Iterator[Figure]:
    services = house.services
    people = Maker(services, n_subjects=n_subjects).make()
    seal(services)
    before = _Before.take(house, people)
    needles = _needles(people)
    # A search that finds nothing before would prove nothing after.
    yield Figure("texts found before", _found(house.folder, needles), "texts", at_least=1)

    started = time.perf_counter()
    n_texts = _erase_all(services, people)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    scrub_database(services.engine, tables=tables_of(ERASABLES))
    yield Figure("people erased", 2 * len(people.subjects), "accounts and cases")
    yield Figure("texts of the log erased", n_texts, "texts")
    yield Figure("one erasure", 1000 * seconds / (2 * len(people.subjects)), "ms")
    yield Figure("the database written anew", time.perf_counter() - started, "s")

    seal(services)
    _publish(services, house.folder / "published-after", house.folder / "exported-after")
    yield from _search(house, needles)
    yield from _proofs(services, before)
    yield Figure("values guessed from the commitments", _guessed(before, services), "", at_most=0)
    yield Figure("texts opened from the old backup", _opened_from(before, services), "", at_most=0)


@dataclass(frozen=True)
class _Before:
    """What outsiders took away before: receipts, the report, and a backup of the texts."""

    receipts: Mapping[UUID, JsonObject]
    report_id: UUID
    report: JsonObject
    sealed: Sequence[Disclosure]

    @classmethod
    def take(cls, house: _House, people: People) -> "_Before":
        with house.services.reading() as uow:
            with_texts = select(Disclosure.entry_id).distinct()
            receipts = {
                entry_id: receipt_of(uow, entry_id=entry_id)
                for entry_id in uow.session.exec(with_texts)
            }
            report = uow.session.get_one(Report, people.report_id)
            sealed = uow.session.exec(select(Disclosure)).all()
            return cls(receipts, report.id, report.model_dump(mode="json"), sealed)


def _erase_all(services: Services, people: People) -> int:
    n_texts = 0
    for subject in people.subjects:
        for person_id in (people.decisions[subject.case], subject.account.id):
            with services.unit_of_work() as uow:
                n_texts += erase(
                    uow,
                    PLATFORM,
                    person_id=person_id,
                    legal_basis=LegalBasis.CONSENT_WITHDRAWN,
                    erasables=ERASABLES,
                    forget_file=services.artifacts.forget,
                ).n_texts
    return n_texts


def _publish(services: Services, tiles: Path, exported: Path) -> None:
    tiles.mkdir()
    exported.mkdir()
    with services.reading() as uow:
        publish_log(uow, folder=tiles)
    with services.reading() as uow:
        export_log(
            uow,
            FolderSink(exported),
            origin=services.log_key.origin,
            wanted=ExportRange(),
            claims=CLAIMS,
        )


def _search(house: _House, needles: Sequence[bytes]) -> Iterator[Figure]:
    found = _found(house.database_files, needles)
    yield Figure("texts found in the database's files", found, "texts", at_most=0)
    if house.log_files is not None:
        # Said, and without a bar: PostgreSQL reuses its write-ahead log in its own time.
        found = _found(house.log_files, needles)
        yield Figure("texts found in PostgreSQL's write-ahead log", found, "texts")
    for name in ("published-after", "exported-after", "artifacts"):
        found = _found(house.folder / name, needles)
        yield Figure(f"texts found in {name.split('-')[0]} files", found, "texts", at_most=0)


def _proofs(services: Services, before: _Before) -> Iterator[Figure]:
    with services.reading() as uow:
        verdict = verify_log(uow, verifier=services.log_key.verifier, claims=CLAIMS)
        report = uow.session.get_one(Report, before.report_id)
        is_same = report.model_dump(mode="json") == before.report
        holds = report.digest == digest({"definition": report.definition, "result": report.result})
        envelopes = {
            entry_id: uow.session.get_one(Entry, entry_id).envelope.decode()
            for entry_id in before.receipts
        }
    n_wrong = sum(
        not _holds(services, receipt) or envelopes[entry_id] != receipt["envelope"]
        for entry_id, receipt in before.receipts.items()
    )
    yield Figure("things wrong in the log", len(verdict.findings), "findings", at_most=0)
    yield Figure("old receipts", len(before.receipts), "receipts")
    yield Figure("old receipts that no longer verify", n_wrong, "receipts", at_most=0)
    yield Figure("the old report is as it was and verifies", is_same and holds, "", at_least=1)


def _holds(services: Services, receipt: JsonObject) -> bool:
    """Check a receipt as an outsider does: place, checkpoint, and each disclosed text."""
    origin, key = services.log_key.origin, services.log_key.key.verifier
    path, disclosed = receipt["inclusion"], receipt["disclosures"]
    if not isinstance(path, list) or not isinstance(disclosed, dict):
        return False
    try:
        signed = open_checkpoint(str(receipt["checkpoint"]), [key], origin=origin)
        proof = InclusionProof(
            int(str(receipt["leaf_index"])), signed.size, tuple(from_base64(str(p)) for p in path)
        )
        leaf = leaf_hash(str(receipt["envelope"]).encode())
        verify_inclusion(proof, leaf=leaf, root=signed.root)
        committed = json.loads(str(receipt["envelope"]))["commitments"]
        for field, (value, salt) in _texts_in(disclosed).items():
            commitments.verify(committed[field], value=value, salt=salt)
    except (MerkleError, CommitmentMismatch, ValueError):
        return False
    return True


def _guessed(before: _Before, services: Services) -> int:
    """Try every value that anybody ever had on every commitment whose text was erased.

    The attacker has the whole database, and tries as salts what is in it: those of the texts that
    are left, ids, hashes, nothing at all.
    """
    with services.reading() as uow:
        entries = {one.id: one for one in uow.session.exec(select(Entry))}
        left = uow.session.exec(select(Disclosure.entry_id).distinct()).all()
        known = [text.salt for one in left for text in disclosed_fields(uow, one).values()]
    salts = [bytes(SALT_BYTES), *known[:20]]
    values: dict[str, set[str]] = {}
    for receipt in before.receipts.values():
        for field, (value, _) in _texts_in(receipt["disclosures"]).items():
            values.setdefault(field, set()).add(value)
    n_guessed = 0
    for entry_id in set(before.receipts) - set(left):
        own = [sha256(entry_id.bytes).digest(), entries[entry_id].leaf_hash]
        committed = json.loads(entries[entry_id].envelope)["commitments"]
        for field, commitment in committed.items():
            target = bytes.fromhex(commitment)
            n_guessed += any(
                target
                in {sha256(value.encode()).digest(), hmac.digest(salt, value.encode(), "sha256")}
                for value in values.get(field, ())
                for salt in (*salts[:3], *own)
            )
    return n_guessed


def _opened_from(before: _Before, services: Services) -> int:
    """Count the erased texts of an old backup that the newest keys open: they are shredded."""
    with services.reading() as uow:
        people = set(uow.session.exec(select(SubjectKey.person_id)))
        there = set(uow.session.exec(select(Disclosure.entry_id, Disclosure.field)))
    return sum(
        one.person_id in people for one in before.sealed if (one.entry_id, one.field) not in there
    )


def _texts_in(disclosed: object) -> dict[str, tuple[str, bytes]]:
    if not isinstance(disclosed, dict):
        return {}
    return {
        field: (str(shown["value"]), bytes.fromhex(str(shown["salt"])))
        for field, shown in disclosed.items()
    }


def _needles(people: People) -> list[bytes]:
    """Return what must not be found anywhere: each mark is in every text of its person."""
    return [one.mark.encode() for one in people.subjects]


def _found(place: Path, needles: Sequence[bytes]) -> int:
    """Return how many of these byte strings are in any file below a folder."""
    found: set[bytes] = set()
    for file in place.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            found.update(one for one in needles if one in content)
    return len(found)
