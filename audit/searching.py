"""Read the log: search it, open one entry, hand out what proves it."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select

from audit.actions import Action
from audit.disclosing import disclosed_fields
from audit.merkle import EMPTY_ROOT, prove_inclusion
from audit.models import Entry, LogHead, SignedCheckpoint, Verification
from audit.sealing import frontier_of
from audit.signing_keys import to_base64
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.pagination import Page, PageRequest, page_by_id
from folkmoot.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class LogPosition:
    """Where the log stands: its name, its size, and its root in hexadecimal."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True)
class LogHealth:
    """How the log is."""

    size: int
    unsealed: int
    oldest_unsealed: datetime | None
    checkpoint: str | None
    signed_at: datetime | None
    last_verification: Verification | None


@dataclass(frozen=True)
class EntryDetail:
    """One entry: what was recorded, what of it is still disclosed, and what was erased."""

    entry: Entry
    facts: JsonObject
    disclosed: dict[str, str]
    erased: tuple[str, ...]
    commitments: dict[str, str]


def entries(
    uow: UnitOfWork,
    *,
    action: Action | None = None,
    actor_id: UUID | None = None,
    subject_id: UUID | None = None,
    project_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    wanted: PageRequest,
) -> Page[Entry]:
    """Return one page of the entries that match, the newest first."""
    statement = select(Entry)
    exact = {"action": action, "actor_id": actor_id, "subject_id": subject_id}
    for name, value in {**exact, "project_id": project_id}.items():
        if value is not None:
            statement = statement.where(getattr(Entry, name) == value)
    if since is not None:
        statement = statement.where(col(Entry.recorded_at) >= since)
    if until is not None:
        statement = statement.where(col(Entry.recorded_at) < until)
    return page_by_id(uow, statement, key=Entry.id, wanted=wanted, newest_first=True)


def entry_detail(uow: UnitOfWork, *, entry_id: UUID) -> EntryDetail:
    """Return one entry with its facts and what is still disclosed of it."""
    entry = uow.session.get(Entry, entry_id)
    if entry is None:
        raise NotFound("There is no entry with that id.")
    envelope = json.loads(entry.envelope)
    disclosed = {name: text.value for name, text in disclosed_fields(uow, entry_id).items()}
    committed = envelope["commitments"]
    erased = tuple(sorted(set(committed) - set(disclosed)))
    return EntryDetail(entry, envelope["facts"], disclosed, erased, committed)


def receipt_of(uow: UnitOfWork, *, entry_id: UUID) -> JsonObject:
    """Return what proves one entry offline: envelope, inclusion proof, signed checkpoint."""
    detail = entry_detail(uow, entry_id=entry_id)
    index = detail.entry.leaf_index
    latest = _latest_checkpoint(uow)
    if index is None or latest is None:
        raise Conflict("The entry is not sealed yet. Its receipt is ready in a moment.")
    statement = select(Entry.leaf_hash).where(col(Entry.leaf_index) < latest.size)
    hashes = uow.session.exec(statement.order_by(col(Entry.leaf_index))).all()
    proof = prove_inclusion(hashes, index)
    return {
        "envelope": detail.entry.envelope.decode(),
        "leaf_index": index,
        "inclusion": [to_base64(one) for one in proof.path],
        "checkpoint": latest.note,
        "disclosures": _disclosures_with_salts(uow, entry_id),
    }


def log_health(uow: UnitOfWork) -> LogHealth:
    """Return how the log is: its size, what waits to be sealed, its last check."""
    head = uow.session.exec(select(LogHead)).first()
    waiting = select(func.count(), func.min(col(Entry.recorded_at)))
    unsealed, oldest = uow.session.exec(waiting.where(col(Entry.leaf_index).is_(None))).one()
    latest = _latest_checkpoint(uow)
    checks = select(Verification).order_by(col(Verification.id).desc()).limit(1)
    return LogHealth(
        size=head.size if head else 0,
        unsealed=unsealed,
        oldest_unsealed=oldest,
        checkpoint=latest.note if latest else None,
        signed_at=latest.signed_at if latest else None,
        last_verification=uow.session.exec(checks).first(),
    )


def log_head(uow: UnitOfWork) -> LogPosition:
    """Return where the log stands now."""
    head = uow.session.exec(select(LogHead)).first()
    if head is None:
        return LogPosition("", 0, EMPTY_ROOT.hex())
    return LogPosition(head.origin, head.size, frontier_of(head).root().hex())


def _latest_checkpoint(uow: UnitOfWork) -> SignedCheckpoint | None:
    statement = select(SignedCheckpoint).order_by(col(SignedCheckpoint.size).desc()).limit(1)
    return uow.session.exec(statement).first()


def _disclosures_with_salts(uow: UnitOfWork, entry_id: UUID) -> JsonObject:
    return {
        name: {"value": text.value, "salt": text.salt.hex()}
        for name, text in disclosed_fields(uow, entry_id).items()
    }
